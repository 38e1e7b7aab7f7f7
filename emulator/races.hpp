// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "emulator/qemu.hpp"

namespace kmodtest::emulator {

/// Looks for data races of modules from now on. `file` is the mapped wire::RaceArea, `shared` the first page of the
/// memory that guest and controller share. Returns false if QEMU's table of CPUs cannot be written to.
bool start_watching(const Qemu &qemu, const QemuPlugin &plugin, void *file, const void *shared);

/// Lets QEMU call before an instruction of a module that it is about to translate, and at its accesses to memory.
void watch(Instruction *instruction, std::uint64_t address, std::size_t left_in_block);

}  // namespace kmodtest::emulator
