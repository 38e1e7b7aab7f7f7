// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace kmodtest::run {

/// Decides when to act on changes that occur in bursts: an editor writes a second file, renames it, and tidies up;
/// "save all" and a checkout touch many files. The caller provides the time.
class Debounce {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  /// Acts after a pause of `quiet`; and `most` after the first change, however many follow.
  Debounce(Duration quiet, Duration most) : quiet_(quiet), most_(most) {}

  /// Notes a change.
  void note(Time now) {
    if (!first_) first_ = now;
    last_ = now;
  }
  /// Returns when to act if nothing else changes; nothing if there is no reason to.
  std::optional<Time> due() const {
    if (!first_) return std::nullopt;
    return std::min(last_ + quiet_, *first_ + most_);
  }
  /// Forgets the burst once it was acted on.
  void reset() { first_.reset(); }

 private:
  Duration quiet_, most_;
  std::optional<Time> first_;
  Time last_;
};

}  // namespace kmodtest::run
