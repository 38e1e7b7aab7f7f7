// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// The file through which the library in QEMU (emulator/race_watch.hpp) reports which accesses to memory can happen at
/// the same time. Both map it. The controller writes the request while the guest is paused; the library reads it before
/// the first instruction of a module, once for each case.
namespace kmodtest::wire {

inline constexpr std::size_t kMostRaces = 128;
inline constexpr std::size_t kMostReturns = 24;
inline constexpr std::size_t kCacheNameBytes = 28;
inline constexpr std::size_t kMostEntries = 64;
inline constexpr std::size_t kPageOfCode = 4096;
inline constexpr std::size_t kTaskNameBytes = 16;  // TASK_COMM_LEN
inline constexpr std::size_t kMostNotedFunctions = 192;
inline constexpr std::size_t kMostThreads = 512;
inline constexpr std::size_t kMostEvents = std::size_t{1} << 19;

/// Where the guest's kernel has what identifies a thread. All 0: not known, and threads have no names.
struct TaskLayout {
  std::uint64_t current = 0;                   ///< the offset of the pointer to the current task, from a CPU's GS base
  std::uint64_t preempt_count = 0;             ///< the same of the CPU's preempt_count; 0: not known
  std::uint64_t name = 0, pid = 0, stack = 0;  ///< offsets in a task_struct
  std::uint64_t stack_bytes = 0;
};

/// Where the guest's kernel has what identifies an object of a slab cache. All 0: not known.
struct SlabLayout {
  std::uint64_t direct_map = 0, page_structs = 0;  ///< variables with the addresses of both; 0: the usual addresses
  std::uint64_t head = 0, flags = 0, type = 0;     ///< offsets in a struct page
  std::uint64_t flag = 0;                          ///< the bit of a page of a slab; 0: its type says it
  std::uint64_t slab_type = 0;
  std::uint64_t cache = 0;           ///< offset in a struct slab
  std::uint64_t name = 0, size = 0;  ///< offsets in a kmem_cache
};

/// A word on a stack that a call can have left there.
struct ReturnSeen {
  std::uint64_t address = 0;  ///< behind the call instruction
  std::uint64_t calls = 0;    ///< what it calls; 0: depends on a register
  bool operator==(const ReturnSeen &) const = default;
};

/// One of the two accesses of a race.
struct AccessSeen {
  std::uint64_t instruction = 0;
  std::uint64_t address = 0;
  std::uint64_t value = 0;  ///< that was read or written; of more than 8 bytes the lowest ones
  std::uint32_t bytes = 0;
  std::uint32_t cpu = 0;
  std::uint32_t writes = 0;                   ///< not 0: a write, or both
  std::uint32_t atomic = 0;                   ///< not 0: the instruction reads and writes at once (lock, xchg)
  std::uint32_t in_interrupt = 0;             ///< not 0: not on the stack of the task
  std::uint32_t pid = 0;                      ///< of the task that the CPU executes
  std::uint32_t returns = 0;                  ///< how many of `return_to` there are
  std::uint32_t in_object = 0;                ///< where in the object the memory begins
  std::uint32_t thread = 0;                   ///< index into RaceArea::thread; kNoThread: not known
  std::array<char, kCacheNameBytes> cache{};  ///< the slab cache of the object; empty: it is in none
  std::array<char, kTaskNameBytes> task{};
  std::array<ReturnSeen, kMostReturns> return_to{};  ///< the innermost first
};

/// Two accesses to the same memory. A thread was stopped right behind the first one, and meanwhile another thread made
/// the second one.
struct RaceSeen {
  std::uint64_t reports = 0;       ///< how many bytes of agent messages there were
  std::uint64_t events = 0;        ///< how many of RaceArea::event there were
  std::uint64_t first_events = 0;  ///< the same when the first access was made, where it was made long before
  AccessSeen first, second;
};

inline constexpr std::uint32_t kNoThread = 0xffff;

/// A thread that executed instructions of a module: a task, or the interrupts of a CPU.
struct RaceThread {
  std::uint64_t stack = 0;         ///< an address of its stack
  std::uint64_t task = 0;          ///< its task_struct; of interrupts that of the first task that they met
  std::uint32_t pid = 0;           ///< of the task
  std::uint32_t in_interrupt = 0;  ///< not 0: interrupts
  std::array<char, kTaskNameBytes> name{};
};

/// What a thread did, in the order in which it happened. Addresses of code and of functions are their lower halves;
/// the upper ones have all bits set.
struct RaceEvent {
  enum class Kind : std::uint8_t {
    call,      ///< a module calls a function of the kernel; `address`, `second`, `third`: the first three arguments
    returned,  ///< it has returned; `address`: the result; `second`: where the slab object at the result begins, and
               ///< `third`: its bytes; 0: it is none
    entered,   ///< the kernel calls a function of a module; `address`, `second`: the first two arguments
    left,      ///< that function returns to the kernel
    access     ///< of an instruction of a module to `address`
  };
  static constexpr std::uint8_t kWrites = 1, kAtomic = 2;
  /// Who can interrupt the CPU: an interrupt; then, also timers and tasklets.
  static constexpr std::uint8_t kTakesInterrupts = 4, kTakesSoftirqs = 8;
  /// It is made by what runs behind interrupts, as timers and tasklets.
  static constexpr std::uint8_t kInSoftirq = 16;

  Kind kind = Kind::access;
  std::uint8_t bytes = 0;  ///< of an access
  std::uint8_t cpu = 0;
  std::uint8_t flags = 0;  ///< of an access
  std::uint32_t thread = 0;
  std::uint32_t instruction = 0;
  std::uint32_t target = 0;   ///< of call and returned: the function
  std::uint32_t reports = 0;  ///< how many bytes of agent messages there were
  std::uint32_t before = 0;   ///< of call: the lower half of what the register for the result had
  std::uint64_t address = 0, second = 0, third = 0;
};

/// How races are found.
enum class RaceWay : std::uint64_t {
  meet,  ///< by threads that meet at the same memory, since one of them is stopped there
  order  ///< by accesses that no synchronisation puts in an order; all accesses are noted, and no thread is stopped
};

/// What the library has to know of a case.
struct RaceRequest {
  std::uint64_t seed = 0;
  TaskLayout layout{};
  SlabLayout slabs{};
  RaceWay way = RaceWay::meet;
  /// the functions of the kernel whose calls are noted, in rising order; if `way` is order, all calls are
  std::array<std::uint32_t, kMostNotedFunctions> noted{};
  std::uint64_t noted_count = 0;
  /// a bit for each place in a page at which a function of a module begins
  std::array<std::uint64_t, kPageOfCode / 64> function_places{};
  /// a bit for each place in a page at which an init function can begin
  std::array<std::uint64_t, kPageOfCode / 64> entry_places{};

  /// Adds the offset of an init function in its section, which begins at a page.
  void add_entry(std::uint64_t offset) { entry_places[offset % kPageOfCode / 64] |= std::uint64_t{1} << (offset % 64); }
  bool can_be_entry(std::uint64_t address) const {
    return (entry_places[address % kPageOfCode / 64] >> (address % 64) & 1) != 0;
  }
  void add_function(std::uint64_t offset) {
    function_places[offset % kPageOfCode / 64] |= std::uint64_t{1} << (offset % 64);
  }
  bool can_be_function(std::uint64_t address) const {
    return (function_places[address % kPageOfCode / 64] >> (address % 64) & 1) != 0;
  }
};

struct RaceArea {
  static constexpr std::uint64_t kMagic = 0x3173656361726b6d;

  std::uint64_t engine;  ///< kMagic, written by the library when it is loaded
  RaceRequest request;
  // The answer; the controller clears it.
  std::uint64_t begun;     ///< not 0: an instruction of a module was executed
  std::uint64_t accesses;  ///< to memory that can be shared
  std::uint64_t pauses;    ///< of threads
  std::uint64_t held;      ///< instructions that the pauses have taken
  std::uint64_t left_out;  ///< races for which there was no room
  std::uint64_t entries;
  std::array<std::uint64_t, kMostEntries> entry;  ///< instructions at these places that were executed, each once
  std::uint64_t races;
  std::uint64_t threads;
  std::uint64_t events;
  std::uint64_t unnoted;                  ///< events for which there was no room
  std::array<RaceSeen, kMostRaces> race;  ///< each pair of instructions once
  std::array<RaceThread, kMostThreads> thread;
  std::array<RaceEvent, kMostEvents> event;
};

inline constexpr std::size_t kRaceBytes = sizeof(RaceArea);

}  // namespace kmodtest::wire
