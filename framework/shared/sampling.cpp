// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared/sampling.hpp"

#include <algorithm>

namespace kmodtest::shared {
namespace {

constexpr int kPausesPerLook = 4;
constexpr int kPausesPerWait = 16;
constexpr int kPausesPerTolerance = 32;
// Two changes between two readings would look like one.
constexpr int kPausesPerGap = 8;

}  // namespace

wire::Microseconds pause_after(wire::Microseconds took, wire::Microseconds waited) {
  return std::clamp(std::max(took * kPausesPerLook, waited / kPausesPerWait), kShortestPause, kLongestPause);
}

wire::Microseconds Sampling::next(wire::Microseconds time) const {
  if (time >= calm_until) return time + pause;
  return std::min(time + kCalmPause, calm_until);
}

Sampling sampling_of(const wire::Growth &growth, std::optional<wire::Microseconds> last_change) {
  const wire::Interval &gap = growth.every;
  const wire::Microseconds fine = std::min((gap.max - gap.min) / kPausesPerTolerance, gap.min / kPausesPerGap);
  Sampling sampling{std::clamp(fine, kShortestPause, kLongestPause), {}};
  if (last_change) sampling.calm_until = *last_change + gap.min - 2 * sampling.pause;
  return sampling;
}

}  // namespace kmodtest::shared
