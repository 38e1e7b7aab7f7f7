// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "emulator/qemu.hpp"

namespace kmodtest::emulator {

/// Pauses the machine of a guest that has booted, at a moment of the guest's own time: as soon as all CPUs are idle
/// after the agent asked for it (wire::Settling). The controller cannot do that. It learns of READY some milliseconds
/// later, and in these an idle guest can pass the second of guest time in which it has to be saved.
///
/// QEMU's main loop does the rest: it looks at the clock once more, which takes an idle guest to its next timer, and
/// then finds the request for the pause. It does so exactly once, whether it waits for work or for QEMU's big lock when
/// the CPUs' thread asks.
class FirstPause {
 public:
  /// Call when the guest reads the machine's clock. `page`: the first page of the memory shared with the controller.
  void accept(unsigned char *page);

  /// Call with QEMU's big lock when all CPUs are idle. Returns whether no time may pass on the calling thread, because
  /// the machine is about to be paused.
  bool holds(const Qemu &qemu);

 private:
  enum class State : char { none, accepted, asked };
  State state_ = State::none;
  unsigned char *page_ = nullptr;
};

}  // namespace kmodtest::emulator
