// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <vector>

#include "plan/schedule.hpp"

namespace kmodtest::run {

/// Finds a schedule with the fewest delays that still fails: first tries each delay alone, then leaves out one after
/// the other. Knows nothing of guests: the caller runs the candidates.
class Minimiser {
 public:
  explicit Minimiser(plan::Schedule failing) : best_(std::move(failing)), alone_(best_.size() > 2) {}

  /// Returns the schedules to try next; none when best() is the result.
  std::vector<plan::Schedule> candidates() const;
  /// Takes the answers: which of the candidates fail in the same way.
  void answer(const std::vector<bool> &fails);
  const plan::Schedule &best() const { return best_; }

 private:
  plan::Schedule best_;
  bool alone_;  ///< each delay alone is to be tried
  bool done_ = false;
};

}  // namespace kmodtest::run
