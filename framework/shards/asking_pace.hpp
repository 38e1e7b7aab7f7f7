// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <chrono>

namespace kmodtest::shards {

/// When to ask a program about its jobs: some time after something changed, and ever less often while nothing does. A
/// cluster's scheduler answers thousands of users, and its administrators look for those who ask too often.
class AskingPace {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds kShortest{2'000}, kLongest{10'000};

  bool is_due(Time now) const { return now >= next_; }
  /// Takes note of an answer that says something new, or of jobs that were started.
  void changed(Time now) {
    pause_ = kShortest;
    next_ = now + pause_;
  }
  /// Takes note of an answer that says the same as the one before.
  void unchanged(Time now) {
    pause_ = std::min(pause_ * 3 / 2, kLongest);
    next_ = now + pause_;
  }

 private:
  std::chrono::milliseconds pause_ = kShortest;
  Time next_;
};

}  // namespace kmodtest::shards
