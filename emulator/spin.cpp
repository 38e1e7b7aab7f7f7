// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/spin.hpp"

#include <algorithm>

namespace kmodtest::emulator {
namespace {

/// So many rounds count as the least, because short delays have to be exact.
constexpr std::uint32_t kExactRounds = 4;
constexpr std::uint32_t kShare = 8;

std::uint32_t changed(const PausedAt &before, const PausedAt &now) {
  std::uint32_t bits = 0;
  for (std::size_t at = 0; at < now.general.size(); ++at) {
    if (now.general[at] != before.general[at]) bits |= std::uint32_t{1} << at;
  }
  return bits;
}

}  // namespace

bool Spin::goes_on(const PausedAt &now) {
  if (now.next != last_.next) return false;
  const std::uint32_t bits = changed(last_, now);
  if (rounds_ == 0) changing_ = bits;
  return (bits & ~changing_) == 0;
}

std::uint16_t Spin::cost(const PausedAt &now, std::uint16_t least, std::uint16_t most) {
  if (goes_on(now)) {
    ++rounds_;
  } else {
    rounds_ = taken_ = 0;
  }
  last_ = now;
  const auto cost = static_cast<std::uint16_t>(
      std::clamp<std::uint32_t>(rounds_ < kExactRounds ? 0 : taken_ / kShare, least, std::max(least, most)));
  taken_ = std::min<std::uint32_t>(taken_ + cost, std::uint32_t{most} * kShare);
  return cost;
}

bool Spin::waits() const {
  return rounds_ >= kExactRounds;
}

}  // namespace kmodtest::emulator
