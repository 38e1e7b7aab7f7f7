// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <dlfcn.h>

/// What the library in QEMU uses of QEMU itself. A program exports its functions and tables if it can load plugins
/// (-Wl,--export-dynamic). They are not an interface that QEMU promises, so find_qemu() looks for each, and compares
/// the layout of what it uses with the contents that it must have. Sources: QEMU 10.0, include/migration/vmstate.h,
/// include/exec/{cpu-common,memory,ram_addr}.h, accel/tcg/tb-maint.c, hw/core/cpu-system.c.
namespace kmodtest::emulator {

inline constexpr int kVirtualClock = 1;  ///< the guest's: QEMU's QEMU_CLOCK_VIRTUAL

/// Looks a symbol up in QEMU and the libraries that it has loaded. Returns whether it is there.
template <class Pointer>
bool look_up(Pointer &pointer, const char *name) {
  pointer = std::bit_cast<Pointer>(dlsym(RTLD_DEFAULT, name));
  return pointer != nullptr;
}

struct RamBlock;
struct MemoryRegion;
struct DirtyPages;
struct QemuError;

/// QEMU's VMStateField: one field of a device. The last one of a list has no name.
struct StateField {
  const char *name;
  const char *hint;
  std::size_t offset, size, start;
  int count;
  std::size_t count_offset, size_offset;
  const void *info;
  int flags;
  const void *description;
  int version;
  int struct_version;
  bool (*exists)(void *device, int version);
};

/// QEMU's VMStateDescription: how one device is saved and loaded.
struct StateDescription {
  const char *name;
  bool unmigratable;
  bool early_setup;
  int version;
  int oldest_version;
  int priority;  ///< the higher, the earlier; devices have 0
  int (*pre_load)(void *device);
  int (*post_load)(void *device, int version);
  int (*pre_save)(void *device);
  int (*post_save)(void *device);
  bool (*needed)(void *device);
  bool (*unplug_pending)(void *device);
  const StateField *fields;
  const void *subsections;
};

/// QEMU's functions and tables. current_cpu(), set_current_cpu(), cpu(), is_stopped(), advance_clock(), run_timers(),
/// enable_clock(), turn_length(), end_turn(), prepare_turn() and has_work() are for the CPUs' thread, all others are
/// called on the main loop's.
struct Qemu {
  int (*for_each_block)(int (*)(RamBlock *, void *), void *);
  void *(*host_address)(RamBlock *);
  std::uint64_t (*offset)(RamBlock *);
  std::uint64_t (*used_bytes)(RamBlock *);
  bool (*is_shared)(RamBlock *);
  bool (*is_saved)(RamBlock *);
  void (*leave_out_of_state)(RamBlock *);
  MemoryRegion *(*region_at)(void *host, std::uint64_t *offset);
  void (*log_writes)(MemoryRegion *, bool, unsigned client);
  DirtyPages *(*take_dirty_pages)(MemoryRegion *, std::uint64_t offset, std::uint64_t bytes, unsigned client);
  bool (*is_dirty)(MemoryRegion *, DirtyPages *, std::uint64_t offset, std::uint64_t bytes);
  void (*free)(void *);
  void *(*allocate)(std::size_t);
  void *(*root)();  ///< of QEMU's tree of objects
  void *(*add_text_property)(void *object, const char *name, char *(*get)(void *, QemuError **),
                             void (*set)(void *, const char *, QemuError **));
  void (*drop_translations)(std::uint64_t first, std::uint64_t last);
  int (*register_state)(void *object, std::uint32_t instance, const StateDescription *, void *device, int alias,
                        int alias_version, QemuError **);
  StateDescription *cpu_state;    ///< of what all kinds of CPU have in common
  void *(*cpu)(int index);        ///< nullptr behind the last one
  bool (*is_stopped)(void *cpu);  ///< it executes nothing until it is resumed; so is each of a paused machine
  void (*advance_clock)();        ///< of idle CPUs, to the next timer
  bool (*run_timers)(int clock);  ///< returns whether one was due
  void (*enable_clock)(int clock, bool);
  unsigned char *(*current_cpu)();  ///< the CPU that the calling thread executes
  void (*set_current_cpu)(void *cpu);
  /// Returns when the CPUs' thread has executed the function.
  void (*run_on_cpu)(void *cpu, void (*function)(void *cpu, std::uint64_t data), std::uint64_t data);
  /// Ask the main loop to set the machine to a state, `paused` here, when it has finished its round.
  void (*prepare_pause)(int state);
  void (*request_pause)(int state);
  int paused;                              ///< QEMU's RUN_STATE_PAUSED
  std::ptrdiff_t turn_is_over;             ///< a flag, one byte: its offset in a CPU's state
  void *pause;                             ///< the table entry with the function that executes PAUSE
  std::size_t next_instruction;            ///< where its address is behind a CPU's 16 general registers
  std::ptrdiff_t instructions_left;        ///< of a turn, 16 bits: its offset in a CPU's state
  std::int64_t (*turn_length)(int among);  ///< in instructions: the time until the next timer, divided among CPUs
  void (*end_turn)(void *cpu);             ///< adds what it has executed to the clock
  void (*prepare_turn)(void *cpu, std::int64_t instructions);
  bool (*has_work)(void *cpu);          ///< something ends its halt
  std::size_t halted;                   ///< 32 bits, not 0 while the CPU halts: their offset in its state
  const StateField *no_fields;          ///< an empty list
  void (*forget_addresses)(void *cpu);  ///< empties a CPU's translation lookaside buffer
};

struct Block;
struct Instruction;

/// QEMU's qemu_plugin_mem_value: what an access reads or writes.
struct AccessValue {
  int type;
  std::uint64_t low, high;
};

/// What a plugin uses of QEMU, by the interface for plugins and by two functions of QEMU's own. Everything is called on
/// the CPUs' thread. Sources: QEMU 10.0, include/qemu/qemu-plugin.h, include/exec/exec-all.h.
struct QemuPlugin {
  using Id = std::uint64_t;
  void (*on_translation)(Id, void (*)(Id, Block *));
  std::size_t (*instruction_count)(const Block *);
  Instruction *(*instruction)(const Block *, std::size_t);
  std::uint64_t (*address)(const Instruction *);
  std::size_t (*bytes)(const Instruction *, void *to, std::size_t most);
  void (*before)(Instruction *, void (*)(unsigned cpu, void *data), int registers, void *data);
  void (*on_access)(Instruction *, void (*)(unsigned cpu, std::uint32_t info, std::uint64_t address, void *data),
                    int registers, int kind, void *data);
  bool (*is_store)(std::uint32_t info);
  unsigned (*size_shift)(std::uint32_t info);  ///< an access has 2^n bytes
  AccessValue (*value)(std::uint32_t info);
  /// Reads or writes the guest's memory, by the addresses of its kernel. Returns 0 if that worked.
  int (*access_memory)(void *cpu, std::uint64_t address, void *bytes, std::size_t count, bool writes);
  void (*end_turn)(void *cpu);                      ///< after this instruction's block
  void (*leave)(void *cpu, std::uintptr_t caller);  ///< leaves the block before this instruction; does not return
  std::size_t stack_pointer;                        ///< its offset in a CPU's state
  std::size_t gs_base;                              ///< as above: where the CPU's own variables begin
};

/// Finds QEMU's functions for plugins. Returns nullptr as find_qemu() does.
const QemuPlugin *find_qemu_plugin(const char **missing);

/// Finds QEMU's table entry with the function that begins a CPU's turn (emulator/translator_table.hpp). It searches 12
/// MB in 10 ms. Returns nullptr if no table has the known layout.
void *find_turn_entry();

/// Finds QEMU's functions in this process. Returns nullptr, and sets `missing` to what QEMU lacks (static text), if
/// QEMU is of a version that this was not tried with, or if anything is not as expected.
const Qemu *find_qemu(const char **missing);

/// Returns whether the condition holds for one of the CPUs. Looks at no further one then.
template <class Condition>
bool any_cpu(const Qemu &qemu, const Condition &condition) {
  int index = 0;
  for (void *cpu = qemu.cpu(index); cpu != nullptr; cpu = qemu.cpu(++index)) {
    if (condition(cpu)) return true;
  }
  return false;
}

/// Lets a table of QEMU's be changed. Returns false if that is not possible.
bool make_writable(void *table, std::size_t bytes);

/// Returns which CPU the calling thread executes. A plugin needs it: QEMU passes to its functions the index of the CPU
/// for which it has translated the block, since one thread executes all CPUs.
unsigned index_of_current_cpu(const Qemu &qemu);

}  // namespace kmodtest::emulator
