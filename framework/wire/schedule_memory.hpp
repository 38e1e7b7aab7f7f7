// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// The file through which the controller gives a schedule to the library in QEMU (emulator/explorer.cpp), and gets back
/// what happened. Both map it. The controller writes it while the guest is paused; the library reads it before the
/// first instruction of a module, once for each case.
namespace kmodtest::wire {

inline constexpr std::size_t kMostPoints = 64;
inline constexpr std::size_t kMostThreadsSeen = 64;
inline constexpr std::size_t kMostCode = 16384;
inline constexpr std::size_t kMostTraced = std::size_t{1} << 18;

/// One delay: the CPU that is about to execute the instruction for the nth time waits there as if it executed so many
/// others. With 0 it only ends its turn, so that the next CPU runs.
struct SchedulePoint {
  std::uint64_t address = 0;
  std::uint64_t time = 1;  ///< counts from 1, over all CPUs
  std::uint64_t hold = 0;  ///< instructions
  bool operator==(const SchedulePoint &) const = default;
};

/// What happened at a point. `turns` 0: the instruction was not executed that often.
struct PointSeen {
  std::uint64_t turns = 0;
  std::uint32_t thread = 0;  ///< index into ScheduleArea::thread
  std::uint32_t cpu = 0;
};

/// A thread that executed a module's instructions; an interrupt on its own stack is another one.
struct ThreadSeen {
  std::uint64_t stack = 0;
  std::uint64_t first = 0;  ///< the address of its first instruction
  std::uint64_t instructions = 0;
  std::uint64_t cpu = 0;  ///< of its first instruction
};

/// An instruction of a module. `flags`: bits of CodeFlag.
struct CodeSeen {
  std::uint64_t address = 0;  ///< 0: none
  std::uint64_t times = 0;
  std::uint32_t flags = 0;
  std::uint32_t order = 0;  ///< how many instructions of modules were executed up to its first time
};
enum CodeFlag : std::uint32_t {
  kCodeCalls = 1,
  kCodeReads = 2,
  kCodeWrites = 4,
  kCodeShared = 8,    ///< it accesses memory that two threads accessed, one of them to write
  kCodeHasPoint = 16  ///< of the library's own
};

/// One executed instruction, in the order of execution. `what` 1: the thread begins to wait there.
struct Traced {
  std::uint32_t low = 0;  ///< the lower half of the address
  std::uint16_t thread = 0;
  std::uint8_t cpu = 0;
  std::uint8_t what = 0;
  bool operator==(const Traced &) const = default;
};

struct ScheduleArea {
  static constexpr std::uint64_t kMagic = 0x3165726f6c707865;

  std::uint64_t engine;  ///< kMagic, written by the library when it is loaded
  // The request.
  std::uint32_t observes;  ///< not 0: find shared memory, and trace
  std::uint32_t points;
  std::array<SchedulePoint, kMostPoints> point;
  // The answer; the controller clears it.
  std::uint32_t begun;  ///< not 0: an instruction of a module was executed
  std::uint32_t threads, code_count, traced;
  std::uint64_t instructions;  ///< of modules
  std::uint64_t switches;      ///< how often another thread went on
  std::uint64_t interleaving;  ///< a digest of these
  std::array<PointSeen, kMostPoints> seen;
  std::array<ThreadSeen, kMostThreadsSeen> thread;
  std::array<CodeSeen, kMostCode> code;  ///< a hash table of the library's
  std::array<Traced, kMostTraced> trace;
};

inline constexpr std::size_t kScheduleBytes = sizeof(ScheduleArea);

}  // namespace kmodtest::wire
