// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "kernel/synchronisation/sync_functions.hpp"
#include "wire/race_memory.hpp"

/// What QEMU noted of a case's threads, as a history: who holds which lock, and where memory comes from.
namespace kmodtest::run {

using SyncFunctions = std::map<std::uint32_t, const kernel::SyncFunction *>;

/// Returns what a called function means; null if nothing is known of it.
const kernel::SyncFunction *function_of(const wire::RaceEvent &event, const SyncFunctions &functions);

/// Returns whether a call that has returned has done what its role says.
bool has_succeeded(const kernel::SyncFunction &function, const wire::RaceEvent &returned);

/// Returns an argument of a call; 0 if it is not one of the first three.
std::uint64_t argument_of(const wire::RaceEvent &call, int argument);

/// Finds the calls that belong to returns, for each thread. Give it each event, in their order.
class OpenCalls {
 public:
  /// Returns the call from which this event returns; null for other events.
  const wire::RaceEvent *add(const wire::RaceEvent &event);

 private:
  std::map<std::uint32_t, std::vector<const wire::RaceEvent *>> open_;
};

/// A lock that a thread has taken and not given back.
struct HeldLock {
  const kernel::SyncFunction *function = nullptr;
  std::uint64_t address = 0;
  wire::RaceEvent taken;  ///< the call
};

/// Returns the locks that a thread holds after these events, in the order in which it took them.
std::vector<HeldLock> held_locks(std::span<const wire::RaceEvent> events, std::uint32_t thread,
                                 const SyncFunctions &functions);

/// Returns the call of a module that returned the memory at an address last; nothing if no such call was noted.
std::optional<wire::RaceEvent> allocation_of(std::span<const wire::RaceEvent> events, std::uint64_t address,
                                             const SyncFunctions &functions);

/// Returns the bytes that an allocating call gave; 0 if nobody knows.
std::uint64_t allocated_bytes(const kernel::SyncFunction &function, const wire::RaceEvent &call,
                              const wire::RaceEvent &returned);

}  // namespace kmodtest::run
