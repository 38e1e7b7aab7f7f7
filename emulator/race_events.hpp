// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "wire/race_memory.hpp"

namespace kmodtest::emulator {

/// Where an instruction of a module goes on.
enum class Flow : std::uint8_t {
  other,    ///< behind it, or in the module
  calls,    ///< in a function of the kernel, which comes back
  jumps,    ///< in a function of the kernel, which returns to the caller of this one
  returns,  ///< at the caller
};

/// Notes which functions of the kernel the threads of modules call, with which arguments, and when they come back:
/// locks, wake-ups, allocations. By them the controller knows which locks a thread holds. If races are found by their
/// order (wire::RaceWay), it also notes each call, each access to memory and where the kernel calls the modules.
class RaceEvents {
 public:
  constexpr RaceEvents() = default;

  /// Forgets everything. Reads the request of `area`, and writes the answer there from now on.
  void begin(wire::RaceArea &area);

  /// What is read from the guest only if it is needed. Tests have no guest.
  struct Guest {
    std::uint64_t (*task)() = nullptr;                             ///< that the current CPU executes
    std::uint64_t (*argument)(unsigned) = nullptr;                 ///< of a call, from 0
    std::uint64_t (*result)() = nullptr;                           ///< of a call
    std::uint64_t (*target)(std::uint64_t instruction) = nullptr;  ///< of a call or jump with a fixed target
    std::uint64_t (*word)(std::uint64_t address) = nullptr;
    std::uint32_t (*reports)() = nullptr;
    bool (*takes_interrupts)() = nullptr;        ///< the current CPU
    std::uint32_t (*preempt_count)() = nullptr;  ///< the current CPU's; all bits set if it is not known
    /// Writes pid, name and whether the stack is one of interrupts.
    void (*name)(std::uint64_t task, std::uint64_t stack, wire::RaceThread &) = nullptr;
    /// Writes where the slab object at an address begins, and its bytes.
    void (*object)(std::uint64_t address, wire::RaceEvent &) = nullptr;
  };

  /// A CPU that executes an instruction of a module now.
  struct At {
    unsigned cpu = 0;
    std::uint64_t stack = 0;    ///< its stack pointer
    std::uint64_t address = 0;  ///< of the instruction
    std::uint64_t next = 0;     ///< of the one behind it
    Flow flow = Flow::other;
  };
  void before(const At &at, const Guest &guest);

  struct Access {
    unsigned cpu = 0;
    std::uint64_t instruction = 0;
    std::uint64_t address = 0;
    std::uint32_t bytes = 0;
    bool writes = false, atomic = false;
  };
  /// Notes an access of the instruction on which before() has been called last for this CPU.
  void accesses(const Access &access, const Guest &guest);

  /// Returns the number of a thread; kNoThread if there is no room for it.
  std::uint32_t thread_of(std::uint64_t task, std::uint64_t stack, const Guest &guest);

 private:
  static constexpr std::size_t kMostCpus = 64;
  static constexpr std::size_t kMostCalls = 512;
  static constexpr std::size_t kMostLocks = 32;
  static constexpr std::size_t kMostKnown = std::size_t{1} << 15;

  /// A call that has not come back.
  struct Call {
    std::uint64_t stack = 0, next = 0;  ///< where it comes back
    std::uint32_t thread = 0, instruction = 0, target = 0;
    bool active = false;
  };

  bool in_order() const { return area_->request.way == wire::RaceWay::order; }
  bool is_noted(std::uint32_t function) const;
  void note_call(const At &at, const Guest &guest);
  void note_return(const At &at, const Guest &guest);
  void note_entry(const At &at, const Guest &guest);
  void note_leaving(const At &at, const Guest &guest);
  static std::uint8_t context_of_cpu(const Guest &guest);
  bool is_known(std::uint32_t thread, const Access &access);
  wire::RaceEvent *add(wire::RaceEvent::Kind kind, const At &at, std::uint64_t instruction, const Guest &guest);
  wire::RaceEvent *add(wire::RaceEvent::Kind kind, unsigned cpu, std::uint32_t thread, std::uint64_t instruction,
                       const Guest &guest);

  wire::RaceArea *area_ = nullptr;
  std::array<std::uint64_t, kMostCpus> stack_of_{};        ///< the stack pointer at each CPU's last instruction
  std::array<bool, wire::kPageOfCode> comes_back_here_{};  ///< a call, to a place like this in its page
  std::array<Call, kMostCalls> calls_{};
  std::array<std::uint64_t, kMostLocks> locks_{};  ///< first arguments of the last calls
  std::size_t next_lock_ = 0;
  std::array<std::uint32_t, wire::kMostThreads> epoch_{};  ///< of a thread: it changes with each event but an access
  std::array<std::uint64_t, kMostKnown> known_{};          ///< accesses that are noted for their thread's epoch
};

}  // namespace kmodtest::emulator
