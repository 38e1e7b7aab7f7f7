// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "observe/sched/sched.hpp"

namespace kmodtest::observe {

/// From `begin` to `end`, in CLOCK_MONOTONIC of the guest.
struct SchedWindow {
  Nanoseconds begin{0};
  Nanoseconds end{0};
};

/// What of a thread lies in the window and is the module's: what it did before its creator woke it is left out, stays
/// are cut at the window's ends. A wake-up counts by its own time; when it then ran may lie behind the window.
SchedThread clip(const SchedThread &thread, const SchedWindow &window);

/// How long it was on which CPU.
std::map<std::int32_t, Nanoseconds> time_by_cpu(const SchedThread &thread);

/// From a wake-up to the CPU, in order of size. Wake-ups that were not followed by a run are left out.
std::vector<Nanoseconds> wake_latencies(const SchedThread &thread);

/// The smallest value that at least `percent` of 100 of them do not exceed (nearest rank); nothing of none.
/// `sorted` is in ascending order.
std::optional<Nanoseconds> percentile(const std::vector<Nanoseconds> &sorted, int percent);

}  // namespace kmodtest::observe
