// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "run/races/held_locks.hpp"
#include "run/races/noted_accesses.hpp"
#include "wire/race_memory.hpp"

namespace kmodtest::run {

/// What begins at an instruction of a module.
enum class EntryKind { none, function, init, exit };

/// What unordered_pairs() has to know of the kernel and of the modules.
struct OrderRules {
  SyncFunctions functions;
  /// Returns whether the source marks an access (READ_ONCE): it can tell other threads something.
  std::function<bool(const wire::RaceEvent &)> is_marked;
  /// Returns what the kernel has called. QEMU also notes instructions that only lie where a function could begin.
  std::function<EntryKind(const wire::RaceEvent &)> entry;
  /// Returns whether an address is in the code of a module, after so many bytes of agent messages.
  std::function<bool(std::uint64_t address, std::uint64_t reports)> is_code;
};

/// Finds pairs of accesses of several threads, one of them a write, that no synchronisation orders: no lock, no
/// wake-up, no start of a thread or work item, no grace period, no marked access. Each pair of instructions once. A
/// function of the kernel of which nothing is known orders what its callers do with the object of its first argument,
/// so that such a function causes no false alarm.
std::vector<UnorderedPair> unordered_pairs(std::span<const wire::RaceEvent> events,
                                           std::span<const wire::RaceThread> threads, const OrderRules &rules);

}  // namespace kmodtest::run
