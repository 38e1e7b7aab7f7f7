// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "emulator/qemu.hpp"

namespace kmodtest::emulator {

/// Carries out schedules from now on; `file` is the mapped wire::ScheduleArea. Returns false if QEMU's table of CPUs
/// cannot be written to.
bool start_exploring(const Qemu &qemu, const QemuPlugin &plugin, void *file);

/// Lets QEMU call before an instruction of a module that it is about to translate, and at its accesses to memory.
/// `left_in_block`: instructions from this one on.
void explore(Instruction *instruction, std::uint64_t address, std::size_t left_in_block);

}  // namespace kmodtest::emulator
