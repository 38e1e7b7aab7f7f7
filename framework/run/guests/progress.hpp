// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <string>

namespace kmodtest::run {

/// The kinds of work for a case.
enum class Phase {
  preparing,
  waiting,  ///< for another process that boots the same guest
  starting,
  booting,
  restoring,
  pushing,
  stepping,
  examining,
};

/// Called with the work for a case, and the text that a user reads about it.
using Progress = std::function<void(Phase phase, const std::string &what)>;

}  // namespace kmodtest::run
