// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/idle_guest.hpp"

namespace kmodtest::emulator {
namespace {

constexpr int kVirtualClock = 1;  // QEMU's QEMU_CLOCK_VIRTUAL

}  // namespace

bool IdleGuest::advance(const Qemu &qemu, std::int64_t now) {
  if (since_ == kNever) since_ = now;
  if (qemu.is_running() && now - since_ < kLongest) {
    qemu.advance_clock();
    if (qemu.run_timers(kVirtualClock)) return true;
  }
  since_ = kNever;
  return false;
}

}  // namespace kmodtest::emulator
