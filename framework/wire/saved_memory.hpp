// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/// Names that the controller and the library in QEMU share (emulator/saved_memory.cpp): a saved guest's memory is a
/// file of its own.
namespace kmodtest::wire {

/// Environment variable: the file that a guest's memory is loaded from.
inline constexpr const char *kMemoryFrom = "KMODTEST_MEMORY_FROM";
/// Environment variable: the file, which exists, that a guest's memory is written to when the guest is saved.
inline constexpr const char *kMemoryTo = "KMODTEST_MEMORY_TO";
/// Environment variable: the library only looks whether it can do this in QEMU, prints the result on one line, and ends
/// QEMU.
inline constexpr const char *kSelfTest = "KMODTEST_SELF_TEST";
/// The result if it can; otherwise it prints what is missing.
inline constexpr const char *kSelfTestPassed = "kmodtest: the memory of saved guests can be kept apart";
/// The name of the entry in QEMU's state.
inline constexpr const char *kMemoryEntry = "kmodtest-memory";

}  // namespace kmodtest::wire
