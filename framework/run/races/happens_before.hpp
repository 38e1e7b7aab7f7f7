// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "run/races/held_locks.hpp"
#include "wire/race_memory.hpp"

namespace kmodtest::run {

/// Two accesses to the same memory that nothing puts in an order: indexes of events, the first one earlier.
struct UnorderedPair {
  std::size_t first = 0, second = 0;
  bool operator==(const UnorderedPair &) const = default;
};

/// What happens_before() has to know of the kernel and of the modules.
struct OrderRules {
  SyncFunctions functions;
  /// Returns whether the source marks an access (READ_ONCE): it can tell other threads something.
  std::function<bool(const wire::RaceEvent &)> is_marked;
  /// Returns whether a module's function that the kernel has called is its init function, or its exit function.
  std::function<bool(const wire::RaceEvent &)> is_init, is_exit;
  /// Returns whether an address is in the code of a module, after so many bytes of agent messages.
  std::function<bool(std::uint64_t address, std::uint64_t reports)> is_code;
};

/// Finds pairs of accesses of several threads, one of them a write, that no synchronisation orders: no lock, no
/// wake-up, no start of a thread or work item, no grace period, no marked access. Each pair of instructions once. A
/// function of the kernel of which nothing is known orders what its callers do with the object of its first argument,
/// so that such a function causes no false alarm. Accesses of one CPU are taken for ordered, unless one of them is made
/// by an interrupt, and the other one where interrupts are allowed: what disables preemption leaves no trace in the
/// events. Source of the method: Flanagan, Freund: FastTrack, PLDI 2009; vector clocks: Mattern: Virtual time and
/// global states of distributed systems, 1989.
std::vector<UnorderedPair> unordered_pairs(std::span<const wire::RaceEvent> events,
                                           std::span<const wire::RaceThread> threads, const OrderRules &rules);

}  // namespace kmodtest::run
