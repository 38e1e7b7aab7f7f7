// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "emulator/qemu.hpp"

namespace kmodtest::emulator {

/// Makes each restored guest continue with its first CPU, whichever CPU had the last turn before the restore. Does
/// nothing if QEMU's table cannot be written to.
void begin_with_first_cpu(const Qemu &qemu);

}  // namespace kmodtest::emulator
