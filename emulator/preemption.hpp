// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "wire/schedule_memory.hpp"

namespace kmodtest::emulator {

/// What happens before an instruction of a module: it is executed, or the CPU ends its turn.
struct Decision {
  bool ends_turn = false;
  std::uint64_t takes = 0;  ///< instructions of the turn that the wait uses up
};

/// Carries out the schedule of one case, and notes what happens. Decides from the schedule and from what the guest
/// executes, so the same schedule gives the same run.
class Preemption {
 public:
  constexpr Preemption() = default;

  /// Reads the request of `area`, and writes the answer there from now on.
  void begin(wire::ScheduleArea &area);

  /// A CPU that is about to execute an instruction.
  struct At {
    unsigned cpu = 0;
    std::uint64_t stack = 0;    ///< its stack pointer
    std::uint64_t address = 0;  ///< of the instruction
    std::uint32_t flags = 0;    ///< kCodeCalls or 0
    std::uint64_t left = 0;     ///< instructions that are left of the CPU's turn, this one included
  };
  /// Decides about an instruction. If the turn ends, the CPU comes back to the same instruction, and this is called
  /// again.
  Decision before(const At &at);

  /// Notes an access of an instruction on which before() has been called last for this CPU.
  void accesses(unsigned cpu, std::uint64_t instruction, std::uint64_t address, bool writes);

 private:
  static constexpr std::size_t kMostCpus = 64;
  static constexpr std::size_t kMostWords = 1u << 14;
  static constexpr std::size_t kMostUsers = 6;
  static constexpr std::uint16_t kNoThread = 0xffff;

  /// A thread that waits at an instruction.
  struct Wait {
    std::uint64_t stack = 0, address = 0, left = 0;
    std::size_t point = 0;
    bool active = false;
  };
  /// Eight bytes of memory, and the instructions that access them.
  struct Word {
    std::uint64_t number = 0;  ///< address / 8; 0: free
    std::uint16_t thread = kNoThread;
    bool written = false, several = false;
    std::uint8_t user_count = 0;
    std::array<std::uint16_t, kMostUsers> users{};
  };

  Decision wait(Wait &wait, std::uint64_t left);
  Decision arrive(const At &at, std::uint64_t stack);
  std::size_t code_at(std::uint64_t address);
  std::uint16_t thread_of(unsigned cpu, std::uint64_t stack, std::uint64_t address);
  void trace(const At &at, std::uint16_t thread, bool waits);
  Word *word_at(std::uint64_t number);

  wire::ScheduleArea *area_ = nullptr;
  std::array<Wait, wire::kMostPoints> waits_{};
  std::size_t wait_count_ = 0;
  std::uint16_t last_ = kNoThread;                   ///< the thread that executed the last instruction
  std::array<std::uint16_t, kMostCpus> on_cpu_{};    ///< the thread of each CPU's last instruction
  std::array<std::uint64_t, kMostCpus> stack_of_{};  ///< and its stack
  std::array<Word, kMostWords> words_{};
};

}  // namespace kmodtest::emulator
