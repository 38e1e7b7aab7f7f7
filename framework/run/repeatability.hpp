// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "outcome/event.hpp"

namespace kmodtest::run {

/// Compares the runs of each repeated case with its first run, and keeps that first run so that both can be shown side
/// by side. It keeps one run for each case, however often the case is repeated.
class RepeatabilityCheck {
 public:
  /// Sets CaseFinished::unlike if the case's first run had another digest. Skips runs without one: the moment when
  /// their guest was given up depends on wall time. `folder`: the place for the artifacts of this run if it is one of
  /// two that differ; empty: none.
  void compare(outcome::CaseFinished &finished, const std::filesystem::path &folder);

 private:
  /// The id, the plan and the input of a case: each run can have filled its modules in again.
  using Key = std::tuple<std::string, std::filesystem::path, std::filesystem::path>;
  std::map<Key, std::shared_ptr<const outcome::CaseFinished>> first_;
};

}  // namespace kmodtest::run
