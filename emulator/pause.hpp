// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "emulator/qemu.hpp"

namespace kmodtest::emulator {

/// Makes the instruction PAUSE count as `instructions` more. Call it under virtual time, before the guest executes
/// anything.
void lengthen_pause(const Qemu &qemu, std::uint16_t instructions);

/// Does that for this process's QEMU if the environment names the number (wire::kPause).
void lengthen_pause();

}  // namespace kmodtest::emulator
