// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

/// Names that the controller and the library in QEMU share (emulator/).
namespace kmodtest::wire {

/// Environment variable: the file of the memory that guest and controller share.
inline constexpr const char *kSharedMemoryFile = "KMODTEST_MEMORY";
/// Environment variable: the file that a saved guest's memory is loaded from.
inline constexpr const char *kMemoryFrom = "KMODTEST_MEMORY_FROM";
/// Environment variable: the file, which exists, that a guest's memory is written to when the guest is saved.
inline constexpr const char *kMemoryTo = "KMODTEST_MEMORY_TO";
/// The name of the memory's entry in QEMU's state.
inline constexpr const char *kMemoryEntry = "kmodtest-memory";

/// The property of QEMU's root object that answers questions about the memory (emulator/memory_questions.hpp).
inline constexpr const char *kMemoryProperty = "kmodtest-memory";

/// Environment variable: how many instructions a PAUSE counts as besides itself, at least and at most: "250,2500".
inline constexpr const char *kPause = "KMODTEST_PAUSE";

/// Environment variable: the library makes the turns of CPUs as long as they need (emulator/turn_length.cpp).
inline constexpr const char *kFitTurns = "KMODTEST_FIT_TURNS";

/// Environment variable: the file of a schedule (wire/schedule_memory.hpp).
inline constexpr const char *kScheduleFile = "KMODTEST_SCHEDULE";
/// Environment variable: the file that gets the counts of instructions (wire/coverage_memory.hpp).
inline constexpr const char *kCoverageFile = "KMODTEST_COVERAGE";
/// Environment variable: the file that gets the races (wire/race_memory.hpp).
inline constexpr const char *kRaceFile = "KMODTEST_RACES";

/// Environment variable: the guest has disks, whose requests the library completes.
inline constexpr const char *kDisks = "KMODTEST_DISKS";

/// Environment variable: the library only looks whether QEMU has all that it uses, prints the result on one line, and
/// ends QEMU.
inline constexpr const char *kSelfTest = "KMODTEST_SELF_TEST";
/// The result if QEMU has everything; otherwise "QEMU has no …".
inline constexpr const char *kSelfTestPassed = "kmodtest: this QEMU has everything";

}  // namespace kmodtest::wire
