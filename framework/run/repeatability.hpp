// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <memory>

#include "outcome/event.hpp"

namespace kmodtest::run {

/// Keeps the first run of each case that is repeated, so that a run in which the guest reported something else is
/// noticed, and the two can be laid side by side. Holds one run of a case, however often it is repeated.
class FirstRuns {
 public:
  /// Sets CaseFinished::unlike, where the case's first run had another digest. Runs whose guest did not come to the end
  /// of its program are left out: when such a guest is given up is no matter of guest time. `folder`: where its
  /// artifacts go if the run is one of two that differ; empty: nowhere.
  void compare(outcome::CaseFinished &finished, const std::filesystem::path &folder);

 private:
  std::map<const plan::Case *, std::shared_ptr<const outcome::CaseFinished>> first_;
};

}  // namespace kmodtest::run
