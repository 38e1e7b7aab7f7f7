// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "emulator/preemption.hpp"
#include "wire/race_memory.hpp"

namespace kmodtest::emulator {

/// Finds accesses of several threads to the same memory that nothing keeps apart. Now and then it stops a thread right
/// behind an access, before its next instruction. The thread has then not executed anything that could let another
/// thread go on. So if another thread accesses the same memory meanwhile, nothing orders the two accesses: no knowledge
/// of locks is needed. After: Erickson, Musuvathi, Burckhardt, Olynyk: Effective data-race detection for the kernel
/// (DataCollider), OSDI 2010, which stops before the access.
///
/// Everything is decided by the seed and by what the guest executes, so the same guest gives the same result.
class RaceWatch {
 public:
  constexpr RaceWatch() = default;

  /// Forgets everything. Reads the request of `area`, and writes the answer there from now on.
  void begin(wire::RaceArea &area);

  /// A CPU that is about to execute an instruction of a module.
  struct At {
    unsigned cpu = 0;
    std::uint64_t stack = 0;    ///< its stack pointer
    std::uint64_t address = 0;  ///< of the instruction
    std::uint64_t left = 0;     ///< instructions that are left of the CPU's turn, this one included
  };
  /// Decides about an instruction. If the turn ends, the CPU comes back to the same instruction, and this is called
  /// again.
  Decision before(const At &at);

  /// What is known of an instruction when it is translated.
  enum class Kind : std::uint8_t {
    plain,    ///< a thread can be stopped behind it
    ignored,  ///< its accesses are to data of its own CPU (this_cpu_inc)
    atomic,   ///< it reads and writes at once: no thread is stopped behind it
    unbroken  ///< it repeats itself, or continues elsewhere: no thread is stopped behind it
  };
  /// An access of the instruction on which before() has been called last for this CPU.
  struct Access {
    unsigned cpu = 0;
    std::uint64_t instruction = 0;
    std::uint64_t next = 0;  ///< the address of the instruction behind it
    std::uint64_t address = 0;
    std::uint64_t value = 0;
    std::uint32_t bytes = 0;
    bool writes = false;
    Kind kind = Kind::plain;
  };
  /// Tells more about a thread: its name, and what is on its stack.
  using Describe = void (*)(std::uint64_t task, std::uint64_t stack, wire::AccessSeen &);
  /// Returns the task that the current CPU executes.
  using Task = std::uint64_t (*)();
  /// What a watch asks the guest. Tests have no guest.
  struct Guest {
    Task task = nullptr;
    Describe describe = nullptr;
    std::uint64_t (*reports)() = nullptr;
  };
  /// Notes an access after it was made.
  void accesses(const Access &access, const Guest &guest);

 private:
  static constexpr std::size_t kMostCpus = 64;
  static constexpr std::size_t kMostWords = 1u << 15;
  static constexpr std::size_t kMostInstructions = 1u << 14;
  static constexpr std::size_t kMostStops = 16;
  static constexpr std::size_t kMostPairs = 2048;

  /// A thread that is stopped behind an access, or will be before its next instruction.
  struct Stop {
    std::uint64_t stack = 0;  ///< its stack pointer
    std::uint64_t next = 0;   ///< the instruction that waits
    std::uint64_t left = 0;   ///< instructions
    std::uint64_t task = 0;
    Access access;
    bool active = false;
  };
  /// Eight bytes of memory.
  struct Word {
    std::uint64_t number = 0;  ///< address / 8; 0: free
    std::uint64_t stack = 0;   ///< of the first thread that accessed it
    bool written = false, several = false;
  };
  struct Instruction {
    std::uint64_t address = 0;  ///< 0: free
    std::uint64_t executions = 0;
    std::uint64_t next_stop = 1;  ///< at this execution
    std::uint32_t stops = 0;
    bool shared = false;  ///< it accesses memory that several threads use, one of them to write
  };
  struct Pair {
    std::uint64_t first = 0, second = 0;
  };

  Stop *stop_at(const At &at);
  void end(Stop &stop);
  void note_entry(std::uint64_t address);
  void compare(const Access &access, std::uint64_t stack, const Guest &guest);
  void report(const Stop &stop, const Access &access, std::uint64_t stack, const Guest &guest);
  bool is_new(std::uint64_t first, std::uint64_t second);
  bool is_shared(const Access &access, std::uint64_t stack);
  Instruction *instruction_at(std::uint64_t address);
  void maybe_stop(const Access &access, std::uint64_t stack, bool shared, const Guest &guest);

  wire::RaceArea *area_ = nullptr;
  std::size_t active_ = 0;  ///< stops
  std::uint64_t held_unshared_ = 0, held_shared_ = 0;
  std::size_t instruction_count_ = 0;
  std::size_t pair_count_ = 0;
  std::array<std::uint64_t, kMostCpus> stack_of_{};  ///< the stack pointer at each CPU's last instruction
  std::array<bool, kMostCpus> counted_{};            ///< that instruction had an access already
  std::array<Stop, kMostStops> stops_{};
  std::array<Word, kMostWords> words_{};
  std::array<Instruction, kMostInstructions> instructions_{};
  std::array<Pair, kMostPairs> pairs_{};
};

}  // namespace kmodtest::emulator
