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

/// Which cases `kmodtest watch` has to run, and what each came to last. No I/O.
class WatchState {
 public:
  using Cases = std::vector<std::shared_ptr<const plan::Case>>;

  /// The cases as the plans have them now. New ones have to run; what the others came to is kept.
  void set_cases(Cases cases);
  const Cases &cases() const { return cases_; }

  /// What these cases, by their places in cases(), came to no longer holds.
  void touch(const std::set<std::size_t> &places);
  void touch_all();
  /// The same of those that did not pass, or were not run to their end.
  void touch_failed();

  bool any_stale() const;
  /// The cases that have to run, in the order of the plans. They count as running from here on.
  Cases take_stale();
  /// A case came to this.
  void finished(const outcome::CaseFinished &finished);
  /// Nothing runs any more. `again`: what was not finished has to run again, since the run was cancelled for others.
  void run_ended(bool again);

  /// How many cases came to what; cases that were never finished are not in it.
  std::map<outcome::Result, std::size_t> results() const;
  bool any_failed() const;

 private:
  struct Entry {
    std::optional<outcome::Result> result;
    bool stale = true;
    bool running = false;
  };
  /// The plan's file and the case's id; of a module without a plan its folder.
  using Key = std::pair<std::string, std::string>;
  static Key key_of(const plan::Case &test_case);
  static bool failed(const Entry &entry);

  Cases cases_;
  std::map<Key, Entry> entries_;
};

}  // namespace kmodtest::run
