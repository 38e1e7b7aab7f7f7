// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/idle_guest.hpp"

namespace kmodtest::emulator {
namespace {

/// Returns whether the machine is paused, or a debugger has stopped a CPU at a breakpoint. Such a CPU counts as idle
/// until the main loop pauses the machine.
bool a_cpu_is_stopped(const Qemu &qemu) {
  return any_cpu(qemu, [&qemu](void *cpu) { return qemu.is_stopped(cpu); });
}

}  // namespace

bool IdleGuest::advance(const Qemu &qemu, std::int64_t now) {
  if (since_ == kNever) since_ = now;
  if (now - since_ < kLongest && !a_cpu_is_stopped(qemu)) {
    qemu.advance_clock();
    if (qemu.run_timers(kVirtualClock)) return true;
  }
  since_ = kNever;
  return false;
}

}  // namespace kmodtest::emulator
