// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "emulator/qemu.hpp"

namespace kmodtest::emulator {

/// Calls `then` (with the CPUState) each time that QEMU has loaded a CPU: a guest is restored. Changes nothing, and
/// returns false, if QEMU's table cannot be written to.
bool after_each_cpu_load(const Qemu &qemu, void (*then)(void *cpu));

/// Calls `function` (with the CPUState) in place of what QEMU itself does when it has loaded a CPU. As above.
bool replace_cpu_load(const Qemu &qemu, void (*function)(void *cpu));

}  // namespace kmodtest::emulator
