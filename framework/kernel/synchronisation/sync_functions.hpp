// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include "kernel/symbols/kallsyms.hpp"

/// The functions of the kernel that put what threads do in an order, and those that give memory and take it back.
namespace kmodtest::kernel {

/// What a call of a function means for the order of things.
enum class SyncRole {
  locks,        ///< takes the lock at an argument
  unlocks,      ///< gives it back
  hands_over,   ///< gives what is added to the argument to the next one who takes it
  starts,       ///< what the argument is for (a work item, a timer) may run from now on
  starts_late,  ///< the same, but not before all running RCU readers have ended
  creates,      ///< returns a new thread
  cancels,      ///< takes back what has been started for the argument, and does not wait for what runs already
  joins,        ///< comes back when what has been started for the argument has ended
  joins_all,    ///< comes back when everything of a large kind has ended: a grace period, a workqueue
  stops_cpus,   ///< lets a function run while no other CPU executes anything, and comes back when it has ended
  makes_queue,  ///< returns a workqueue; its flags are the argument, and behind them is how many items run at once
  sleeps,       ///< comes back when the calling thread is woken
  allocates,    ///< returns memory that nobody else has
  frees,        ///< takes memory back
  nothing       ///< orders nothing
};

/// When a call has done what its role says.
enum class Success { always, zero, not_zero };

/// A function that modules call by this symbol. Symbols differ between kernels; those that a kernel lacks do no harm.
struct SyncFunction {
  std::string_view symbol;
  SyncRole role = SyncRole::nothing;
  std::string_view lock = {};  ///< the kind of lock: "mutex"
  int argument = 0;            ///< counts from 0; the bytes of allocates; -1: none
  Success success = Success::always;
  int queue = -1;  ///< of starts: the argument that is the workqueue; -1: none
};

/// Returns the whole table. A function that is not in it orders what its callers do with the object of its first
/// argument.
std::span<const SyncFunction> sync_functions();

/// Returns the functions that a kernel has, by the lower halves of their addresses.
std::map<std::uint32_t, const SyncFunction *> sync_functions_of(const SymbolTable &symbols);

}  // namespace kmodtest::kernel
