// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

#include "outcome/event.hpp"
#include "outcome/result.hpp"
#include "report/terminal/palette.hpp"

namespace kmodtest::report {

/// Counts the cases of a run, and renders the counts: in the footer while it runs, in the summary at the end.
class RunTotals {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit RunTotals(Time start) : start_(start) {}

  void start(const outcome::RunStarted &started, Time now);
  void add(outcome::Result result, bool slow);

  std::size_t repeats() const { return repeats_; }
  /// Returns how to repeat the order of a shuffled run, as " (--shuffle 5)"; empty for any other run.
  const std::string &order() const { return order_; }

  /// Returns the first line of the footer; a progress bar fills the remaining columns up to `width`.
  std::string running_line(std::size_t running, Time now, std::size_t width, const Palette &palette) const;
  /// Returns "3 cases: 2 passed, 1 failed in 4.0 s".
  std::string summary(const outcome::RunFinished &finished, const Palette &palette) const;

 private:
  Time start_;
  std::size_t cases_ = 0, repeats_ = 1, slow_ = 0;
  std::map<outcome::Result, std::size_t> done_;  ///< in the order of a summary
  std::string order_;
};

}  // namespace kmodtest::report
