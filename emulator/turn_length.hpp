// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "emulator/qemu.hpp"

namespace kmodtest::emulator {

/// Makes the turns of a guest with many CPUs as long as it needs (turn_length.cpp). Call it under virtual time, before
/// the guest executes anything.
void fit_turns(const Qemu &qemu);

/// Notes that the current CPU ends its turn at a PAUSE; `waits`: in a loop that waits. Returns whether the PAUSE should
/// take no time, since other CPUs have work.
bool pause_ends_turn(bool waits);

/// Knows nothing of any CPU's turns any more.
void forget_turns();

}  // namespace kmodtest::emulator
