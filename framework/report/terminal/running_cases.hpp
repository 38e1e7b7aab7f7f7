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

/// "[   1.250 s]", the wall time of a case that has ended.
std::string bracketed(outcome::Seconds took);
/// "[  00:01:05]", that of something that goes on.
std::string bracketed_clock(outcome::Seconds elapsed);

/// The cases that run now, the longest first: what each does and since when, and which of them are slow.
class RunningCases {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// A case is slow from `slow` of wall time on; 0: none ever is.
  explicit RunningCases(outcome::Seconds slow) : slow_(slow) {}

  void start(const outcome::CaseStarted &started, Time now);
  void progress(const outcome::CaseProgress &progress);
  /// The attempt was not the last one: the clock of the next one begins.
  void start_again(const outcome::CaseFinished &attempt, Time now);
  void finish(const outcome::CaseFinished &finished);
  void clear() { running_.clear(); }

  bool is_slow(outcome::Seconds took) const { return slow_.count() > 0 && took >= slow_; }
  std::size_t size() const { return running_.size(); }

  struct Slow {
    std::string label, what;
    outcome::Seconds passed{0};  ///< the last multiple of the slow time that has passed
  };
  /// The cases that have run for a further slow time since this was asked last.
  std::vector<Slow> newly_slow(Time now);

  /// One line for each of as many cases as fit into `rows`, and a last one that says how many more there are. Lines are
  /// made for `width` columns and begin with `indent` blanks.
  std::vector<std::string> lines(Time now, std::size_t rows, std::size_t width, std::size_t indent,
                                 const Palette &palette) const;

 private:
  struct Running {
    std::shared_ptr<const plan::Case> test_case;
    int repeat = 1;
    std::string what;
    Time began;
    long told = 0;  ///< slow times that have been told of
  };
  std::vector<Running>::iterator find(const std::shared_ptr<const plan::Case> &test_case, int repeat);

  outcome::Seconds slow_;
  std::vector<Running> running_;
};

}  // namespace kmodtest::report
