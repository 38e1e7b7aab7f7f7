// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "emulator/qemu.hpp"

namespace kmodtest::emulator {

/// Makes the turns of a guest's CPUs as long as they need (turn_length.cpp), if the environment asks for it
/// (wire::kFitTurns). Call it under virtual time, before the guest executes anything.
void fit_turns(const Qemu &qemu);

/// Does that by the table entry with the function that begins a CPU's turn.
void fit_turns(const Qemu &qemu, void *entry);

/// Notes that the current CPU ends its turn at a PAUSE; `waits`: in a loop that waits. Returns whether the PAUSE should
/// take no time, since other CPUs have work.
bool pause_ends_turn(bool waits);

/// Knows nothing of any CPU's turns any more.
void forget_turns();

}  // namespace kmodtest::emulator
