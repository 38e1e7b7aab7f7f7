// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "emulator/qemu.hpp"

namespace kmodtest::emulator {

/// Makes the instruction PAUSE count as `least` more instructions, and in a loop that waits as up to `most`. Call it
/// under virtual time, before the guest executes anything.
void lengthen_pause(const Qemu &qemu, std::uint16_t least, std::uint16_t most);

/// Does that for this process's QEMU if the environment names the numbers (wire::kPause).
void lengthen_pause();

}  // namespace kmodtest::emulator
