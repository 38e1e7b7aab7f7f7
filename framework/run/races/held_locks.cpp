// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/races/held_locks.hpp"

#include <algorithm>

namespace kmodtest::run {

using kernel::Success;
using kernel::SyncFunction;
using kernel::SyncRole;
using wire::RaceEvent;

const SyncFunction *function_of(const RaceEvent &event, const SyncFunctions &functions) {
  const auto found = functions.find(event.target);
  return found == functions.end() ? nullptr : found->second;
}

bool has_succeeded(const SyncFunction &function, const RaceEvent &returned) {
  const auto result = static_cast<std::uint32_t>(returned.address);  // an int
  if (function.success == Success::always) return true;
  return (function.success == Success::zero) == (result == 0);
}

std::uint64_t argument_of(const RaceEvent &call, int argument) {
  if (argument == 0) return call.address;
  if (argument == 1) return call.second;
  return argument == 2 ? call.third : 0;
}

const RaceEvent *OpenCalls::add(const RaceEvent &event) {
  if (event.kind == RaceEvent::Kind::call) open_[event.thread].push_back(&event);
  if (event.kind != RaceEvent::Kind::returned) return nullptr;
  std::vector<const RaceEvent *> &calls = open_[event.thread];
  // What was called later and did not return was a jump, or its thread does not come back there.
  const auto call = std::find_if(calls.rbegin(), calls.rend(), [&event](const RaceEvent *one) {
    return one->instruction == event.instruction && one->target == event.target;
  });
  if (call == calls.rend()) return nullptr;
  const RaceEvent *found = *call;
  calls.erase(std::prev(call.base()), calls.end());
  return found;
}

std::vector<HeldLock> held_locks(std::span<const RaceEvent> events, std::uint32_t thread,
                                 const SyncFunctions &functions) {
  std::vector<HeldLock> held;
  const auto give_back = [&held](std::uint64_t address) {
    const auto last =
        std::find_if(held.rbegin(), held.rend(), [address](const HeldLock &one) { return one.address == address; });
    if (last != held.rend()) held.erase(std::prev(last.base()));
  };
  OpenCalls calls;
  for (const RaceEvent &event : events) {
    if (event.thread != thread) continue;
    const RaceEvent *call = calls.add(event);
    // A lock that is compiled into the module is given back by a write.
    if (event.kind == RaceEvent::Kind::access && (event.flags & RaceEvent::kWrites) != 0) give_back(event.address);
    if (event.kind != RaceEvent::Kind::call && event.kind != RaceEvent::Kind::returned) continue;
    const SyncFunction *function = function_of(event, functions);
    if (function == nullptr) continue;
    if (event.kind == RaceEvent::Kind::call && function->role == SyncRole::unlocks)
      give_back(argument_of(event, function->argument));
    if (call != nullptr && function->role == SyncRole::locks && has_succeeded(*function, event))
      held.push_back({.function = function, .address = argument_of(*call, function->argument), .taken = *call});
  }
  return held;
}

std::uint64_t allocated_bytes(const SyncFunction &function, const RaceEvent &call, const RaceEvent &returned) {
  return returned.third != 0 ? returned.third : argument_of(call, function.argument);
}

std::optional<RaceEvent> allocation_of(std::span<const RaceEvent> events, std::uint64_t address,
                                       const SyncFunctions &functions) {
  std::optional<RaceEvent> last;
  OpenCalls calls;
  for (const RaceEvent &event : events) {
    const RaceEvent *call = calls.add(event);
    if (call == nullptr || event.address == 0) continue;
    const SyncFunction *function = function_of(event, functions);
    if (function == nullptr || function->role != SyncRole::allocates) continue;
    if (address - event.address < allocated_bytes(*function, *call, event)) last = *call;
  }
  return last;
}

}  // namespace kmodtest::run
