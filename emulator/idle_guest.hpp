// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "emulator/qemu.hpp"

namespace kmodtest::emulator {

/// Lets the time of a guest whose CPUs are all idle pass on the CPUs' thread, as QEMU's main loop does otherwise: the
/// clock goes to the next timer, and the timer runs. An idle guest has about ten timers a second, and with the main
/// loop each of them takes three switches between threads, about a millisecond.
class IdleGuest {
 public:
  /// The main loop gets its turn at least this often, in milliseconds, if nothing but idle CPUs keeps it from that.
  static constexpr std::int64_t kLongest = 20;

  /// Call it with QEMU's big lock when all CPUs are idle. `now`: the host's time in milliseconds. Returns false if the
  /// main loop has to take over: the machine is paused or a debugger has stopped a CPU, no timer is due, or it is the
  /// main loop's turn.
  bool advance(const Qemu &qemu, std::int64_t now);

 private:
  static constexpr std::int64_t kNever = INT64_MIN;
  std::int64_t since_ = kNever;  ///< when the main loop had its turn
};

}  // namespace kmodtest::emulator
