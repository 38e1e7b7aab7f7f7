// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "outcome/event.hpp"
#include "plan/plan.hpp"
#include "report/terminal/palette.hpp"

namespace kmodtest::report {

/// Renders the wall time of a case that has ended: "[   1.250 s]".
std::string bracketed(outcome::Seconds took);
/// Renders the time that something has lasted so far: "[  00:01:05]".
std::string bracketed_clock(outcome::Seconds elapsed);

/// The cases that are running, the longest first: the activity of each, its start, and whether it is slow.
class RunningCases {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Marks a case as slow after `slow` of wall time; 0: never.
  explicit RunningCases(outcome::Seconds slow) : slow_(slow) {}

  void start(const outcome::CaseStarted &started, Time now);
  void progress(const outcome::CaseProgress &progress);
  /// Restarts the clock of a case for its next attempt.
  void start_again(const outcome::CaseFinished &attempt, Time now);
  void finish(const outcome::CaseFinished &finished);
  void clear() { running_.clear(); }

  bool is_slow(outcome::Seconds took) const { return slow_.count() > 0 && took >= slow_; }
  std::size_t size() const { return running_.size(); }

  struct Slow {
    std::string label, what;
    outcome::Seconds passed{0};  ///< the last multiple of the slow time that has passed
  };
  /// Returns the cases for which another slow time has passed since the last call.
  std::vector<Slow> newly_slow(Time now);

  /// Renders one line per case, as many as fit into `rows`, and a last line with the number of the others. Lines fit
  /// into `width` columns and begin with `indent` blanks.
  std::vector<std::string> lines(Time now, std::size_t rows, std::size_t width, std::size_t indent,
                                 const Palette &palette) const;

 private:
  struct Running {
    std::shared_ptr<const plan::Case> test_case;
    int repeat = 1;
    std::string what;
    Time began;
    long told = 0;  ///< slow times that have been reported
  };
  std::vector<Running>::iterator find(const std::shared_ptr<const plan::Case> &test_case, int repeat);

  outcome::Seconds slow_;
  std::vector<Running> running_;
};

}  // namespace kmodtest::report
