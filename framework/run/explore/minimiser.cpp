// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/explore/minimiser.hpp"

#include <algorithm>

namespace kmodtest::run {
namespace {

/// Returns the schedule with only those delays whose number `keeps` accepts.
template <class Keeps>
plan::Schedule filtered(const plan::Schedule &from, Keeps keeps) {
  plan::Schedule made = from;
  made.delays.clear();
  made.holds.clear();
  std::size_t number = 0;
  for (const auto &delay : from.delays)
    if (keeps(number++)) made.delays.push_back(delay);
  for (const auto &hold : from.holds)
    if (keeps(number++)) made.holds.push_back(hold);
  return made;
}

}  // namespace

std::vector<plan::Schedule> Minimiser::candidates() const {
  std::vector<plan::Schedule> schedules;
  if (done_ || best_.size() < 2) return schedules;
  for (std::size_t one = 0; one < best_.size(); ++one) {
    schedules.push_back(filtered(best_, [this, one](std::size_t number) { return (number == one) == alone_; }));
  }
  return schedules;
}

void Minimiser::answer(const std::vector<bool> &fails) {
  const std::vector<plan::Schedule> tried = candidates();
  const auto found = std::find(fails.begin(), fails.end(), true);
  const bool any = found != fails.end();
  if (any) best_ = tried[static_cast<std::size_t>(found - fails.begin())];
  done_ = !any && !alone_;
  alone_ = false;
}

}  // namespace kmodtest::run
