// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace kmodtest::run {

/// When to act upon changes that come in bursts: an editor writes beside the file, renames, and tidies up; "save all"
/// and a checkout touch many files. The time is the caller's.
class Debounce {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  /// Acts when nothing came for `quiet`; and `most` after the first change, however many follow.
  Debounce(Duration quiet, Duration most) : quiet_(quiet), most_(most) {}

  /// Something changed.
  void note(Time now) {
    if (!first_) first_ = now;
    last_ = now;
  }
  /// When to act, if nothing more comes; nothing: there is no reason to.
  std::optional<Time> due() const {
    if (!first_) return std::nullopt;
    return std::min(last_ + quiet_, *first_ + most_);
  }
  /// The burst was acted upon.
  void reset() { first_.reset(); }

 private:
  Duration quiet_, most_;
  std::optional<Time> first_;
  Time last_;
};

}  // namespace kmodtest::run
