// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>

#include "emulator/qemu.hpp"
#include "emulator/saved_memory.hpp"

namespace kmodtest::emulator {

/// Returns the answer to a question about a paused guest's memory, allocated by QEMU's g_malloc(). All numbers are
/// hexadecimal without a prefix.
///   "find BEGIN BYTES …": a line "AT VALUE" for each word that the guest has changed and that points into one of the
///     ranges of its addresses; at most kMostWords. AT is a distance from the start of the guest's memory.
///   "read AT BYTES …": the bytes, two digits each, a line for each piece; an empty line for one that does not exist.
/// An invalid question has no lines.
char *answer(const Qemu &qemu, SavedMemory &memory, const char *question);

inline constexpr std::size_t kMostWords = 4096;

/// Adds the property (wire::kMemoryProperty): setting it asks, getting it answers.
void answer_questions(const Qemu &qemu, SavedMemory &memory);

}  // namespace kmodtest::emulator
