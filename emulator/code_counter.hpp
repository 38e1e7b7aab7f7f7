// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "wire/coverage_memory.hpp"

namespace kmodtest::emulator {

/// Counts how often each instruction of a module is executed, and where its conditional jumps go. Only looks: the guest
/// executes what it would execute anyway.
class CodeCounter {
 public:
  constexpr CodeCounter() = default;

  /// Where a conditional jump can go; both 0 for any other instruction.
  struct Ways {
    std::uint64_t on = 0;  ///< the next instruction
    std::uint64_t target = 0;
  };
  /// An instruction that was added; valid until begin().
  using Counted = std::uint64_t;
  static constexpr Counted kNone = 0;

  /// Forgets everything, and writes into `area` from now on.
  void begin(wire::CoverageArea &area);

  /// Adds an instruction that QEMU is about to translate. `reports`: how many bytes of messages the agent has written.
  /// Returns the entry of the same instruction if it was added after the same message. Returns kNone if there is no
  /// room.
  Counted add(std::uint64_t address, std::uint32_t reports, const Ways &ways);

  /// Notes an execution, before it. Ignores an instruction that was added before begin(): only the saved guest's own
  /// code outlives a restore.
  void executes(Counted counted);
  /// Notes that a conditional jump is about to be executed; `stack` is the stack pointer.
  void jumps(Counted counted, std::uint64_t stack);
  /// Notes where a thread continues after a jump. Call it for the first instruction of each block, before executes().
  /// An interrupt between the two has another stack pointer, and so has another thread.
  void arrives(std::uint64_t address, std::uint64_t stack);

 private:
  static constexpr std::size_t kIndexed = 2 * wire::kMostCodeCounts;
  static constexpr std::size_t kMostPending = 64;

  struct Pending {
    std::uint64_t stack = 0;
    std::uint32_t slot = 0;
  };

  std::uint32_t *slot_of(std::uint64_t address);
  bool is_present(Counted counted) const { return area_ != nullptr && counted >> 32 == generation_; }

  wire::CoverageArea *area_ = nullptr;
  std::uint32_t generation_ = 0;                    ///< counts the calls of begin()
  std::array<std::uint32_t, kIndexed> index_{};     ///< a hash table of the last entry of each address, plus 1
  std::array<Ways, wire::kMostCodeCounts> ways_{};  ///< of each entry
  std::array<Pending, kMostPending> pending_{};     ///< jumps that threads are executing
  std::size_t pending_count_ = 0;
};

}  // namespace kmodtest::emulator
