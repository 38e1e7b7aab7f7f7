// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>

namespace kmodtest::emulator {

/// QEMU's QEMUTimerList: the timers that one of its loops has on one clock. Source: QEMU 10.0, util/qemu-timer.c.
struct TimerList {
  void *clock;  ///< the clock begins with a pointer to its first list
  alignas(8) unsigned char mutex[48];
  void *timers;  ///< the first one; nullptr: none
  TimerList *next;
  TimerList **pointer_to_this;
  void (*notify)(void *loop, int clock);
  void *loop;
};

/// Whenever a timer of the guest is due, QEMU wakes each of its loops, so that they look at the new time. Most of them
/// have no timer on the guest's clock. Makes QEMU leave those alone; a loop that gets a timer is woken as before.
/// `main` is the main loop's list, which is not changed: `main_notify` is the function that it must have. Returns how
/// many lists were changed: 0 if anything is not as expected.
std::size_t spare_idle_loops(TimerList *main, void (*main_notify)(void *, int));

/// The same with QEMU's own list of the guest's clock, if there is one in this process.
void spare_idle_loops();

}  // namespace kmodtest::emulator
