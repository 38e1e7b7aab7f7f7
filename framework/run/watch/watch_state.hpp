// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "outcome/event.hpp"
#include "outcome/result.hpp"
#include "plan/plan.hpp"

namespace kmodtest::run {

/// The cases that `kmodtest watch` has to run, and the last result of each. No I/O.
class WatchState {
 public:
  using Cases = std::vector<std::shared_ptr<const plan::Case>>;

  /// Sets the cases that the plans have now. New ones have to run; the results of the others are kept.
  void set_cases(Cases cases);
  const Cases &cases() const { return cases_; }

  /// Invalidates the results of these cases, given by their places in cases().
  void touch(const std::set<std::size_t> &places);
  void touch_all();
  /// Invalidates the results of cases that did not pass, or were not run to their end.
  void touch_failed();

  bool any_stale() const;
  /// Returns the cases that have to run, in the order of the plans. They count as running from now on.
  Cases take_stale();
  /// Records the result of a case.
  void finished(const outcome::CaseFinished &finished);
  /// Notes that nothing runs any more. `again`: unfinished cases have to run again, since the run was cancelled for
  /// others.
  void run_ended(bool again);

  /// Counts the cases by result, without those that were never finished.
  std::map<outcome::Result, std::size_t> results() const;
  bool any_failed() const;

 private:
  struct Entry {
    std::optional<outcome::Result> result = {};
    bool stale = true;
    bool running = false;
  };
  /// The plan's file and the case's id; for a module without a plan its folder.
  using Key = std::pair<std::string, std::string>;
  static Key key_of(const plan::Case &test_case);
  static bool failed(const Entry &entry);

  Cases cases_;
  std::map<Key, Entry> entries_;
};

}  // namespace kmodtest::run
