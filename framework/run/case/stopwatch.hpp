// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>

#include "outcome/event.hpp"

namespace kmodtest::run {

/// Adds the wall time of its scope.
class Stopwatch {
 public:
  explicit Stopwatch(outcome::Seconds &to) : to_(to), start_(std::chrono::steady_clock::now()) {}
  ~Stopwatch() { to_ += std::chrono::steady_clock::now() - start_; }
  Stopwatch(const Stopwatch &) = delete;
  Stopwatch &operator=(const Stopwatch &) = delete;

 private:
  outcome::Seconds &to_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace kmodtest::run
