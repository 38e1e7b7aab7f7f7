// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "observe/sched/sched.hpp"

namespace kmodtest::observe {

/// An interval from `begin` to `end`, in CLOCK_MONOTONIC of the guest.
struct SchedWindow {
  Nanoseconds begin{0};
  Nanoseconds end{0};
};

/// Returns the part of a thread that lies in the window and belongs to the module. Leaves out everything before its
/// creator woke it, and cuts stays at the window's ends. A wake-up counts by its own time; the run that follows can be
/// after the window.
SchedThread clip(const SchedThread &thread, const SchedWindow &window);

/// Returns how long the thread was on which CPU.
std::map<std::int32_t, Nanoseconds> time_by_cpu(const SchedThread &thread);

/// Returns the times from a wake-up to the CPU, in ascending order. Leaves out wake-ups that no run followed.
std::vector<Nanoseconds> wake_latencies(const SchedThread &thread);

/// Returns the smallest value that at least `percent` of 100 values do not exceed (nearest rank); nothing if there are
/// no values. `sorted` is in ascending order.
std::optional<Nanoseconds> percentile(const std::vector<Nanoseconds> &sorted, int percent);

}  // namespace kmodtest::observe
