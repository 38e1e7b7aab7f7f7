// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "wire/program.hpp"

namespace kmodtest::plan {

/// Returns a repeat of `times` rounds: a tenth of them more to warm up, and ten counts.
wire::Repeat repeat_of(std::vector<wire::ModuleToLoad> modules, std::uint32_t times, wire::Microseconds hold_for);
/// Returns the guest time that a step can take until it has missed its deadline; for a repeat, each
/// load and each unload can use its deadline up.
wire::Microseconds time_for(const wire::Step &step);
/// The rounds of a run without a plan: enough for an estimate of what one loses.
inline constexpr std::uint32_t kRoundsWithoutPlan = 10;
/// The time for which modules stay loaded in each round.
inline constexpr wire::Microseconds kRepeatHold{100'000};
inline constexpr std::int64_t kFewestRounds = 10;
inline constexpr std::int64_t kMostRounds = 10'000;

}  // namespace kmodtest::plan
