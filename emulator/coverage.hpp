// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "emulator/qemu.hpp"

namespace kmodtest::emulator {

/// Counts the executions of modules' instructions from now on. `file` is the mapped wire::CoverageArea, `shared` the
/// first page of the memory that guest and controller share. Returns false if QEMU's table of CPUs cannot be written
/// to.
bool start_counting(const Qemu &qemu, const QemuPlugin &plugin, void *file, const void *shared);

/// Lets QEMU call before an instruction of a module that it is about to translate.
void count(Instruction *instruction, std::uint64_t address, bool first_of_block);

}  // namespace kmodtest::emulator
