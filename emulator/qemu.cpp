// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/qemu.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <dlfcn.h>
#include <link.h>
#include <sys/mman.h>

#include "emulator/cpu_exit_code.hpp"
#include "emulator/translator_table.hpp"

namespace kmodtest::emulator {
namespace {

struct Version {
  std::int64_t major, minor, micro;
};
struct VersionInfo {
  Version *qemu;
  char *package;
};

/// Looks a symbol up. Returns whether it is there; otherwise it is what is missing.
template <class Pointer>
bool find(Pointer &pointer, const char *name, const char **missing) {
  const bool there = look_up(pointer, name);
  if (!there) *missing = name;
  return there;
}

/// Only 10.0 was tried. Since 10.1 dropping translations takes another argument.
bool version_is_known(const char **missing) {
  VersionInfo *(*query)(QemuError **) = nullptr;
  if (!find(query, "qmp_query_version", missing)) return false;
  const VersionInfo *info = query(nullptr);  // a few bytes, not freed
  const bool known = info != nullptr && info->qemu != nullptr && info->qemu->major == 10 && info->qemu->minor == 0;
  if (!known) *missing = "a version that is known to work (10.0)";
  return known;
}

bool is_field(const StateField &field, const char *name) {
  return field.name != nullptr && std::strcmp(field.name, name) == 0 && field.size == 4;
}

/// Returns whether the tables have the layout of StateDescription and StateField: what is known of their contents is
/// there.
bool layout_is_known(const StateDescription &cpu, const char **missing) {
  Dl_info place{};
  void *function = nullptr;
  std::memcpy(&function, &cpu.post_load, sizeof function);
  const bool known = cpu.name != nullptr && std::strcmp(cpu.name, "cpu_common") == 0 && !cpu.unmigratable &&
                     cpu.version == 1 && cpu.oldest_version == 1 && cpu.priority == 0 && cpu.fields != nullptr &&
                     is_field(cpu.fields[0], "halted") && is_field(cpu.fields[1], "interrupt_request") &&
                     cpu.fields[2].name == nullptr && cpu.fields[2].flags != 0 && function != nullptr &&
                     dladdr(function, &place) != 0;
  if (!known) *missing = "known layout of vmstate_cpu_common";
  return known;
}

bool find_turn(Qemu &qemu, const char **missing) {
  const unsigned char *code = nullptr;
  if (!find(code, "cpu_exit", missing)) return false;
  TurnOffsets offsets;
  const bool known = read_cpu_exit(code, offsets);
  if (!known) *missing = "known code in cpu_exit";
  qemu.turn_is_over = offsets.flag;
  qemu.instructions_left = offsets.instructions_left;
  return known;
}

/// Finds where a CPU has the address of its next instruction, in bytes behind the first of its general registers. A
/// helper gets a pointer to the registers.
bool find_next_instruction(std::size_t &offset, const char **missing) {
  const StateDescription *cpu = nullptr;
  if (!find(cpu, "vmstate_x86_cpu", missing)) return false;
  const auto is = [](const StateField &field, const char *name) {
    return field.name != nullptr && std::strcmp(field.name, name) == 0 && field.size == 8;
  };
  const bool known = is(cpu->fields[0], "env.regs") && is(cpu->fields[1], "env.eip");
  if (!known) *missing = "known layout of vmstate_x86_cpu";
  offset = known ? cpu->fields[1].offset - cpu->fields[0].offset : 0;
  return known;
}

/// Returns whether the table of helpers has the function itself.
bool pause_is_known(const Qemu &qemu, const char **missing) {
  void *function = nullptr;
  void *listed = nullptr;
  if (!find(function, "helper_pause", missing)) return false;
  std::memcpy(&listed, qemu.pause, sizeof listed);
  if (listed != function) *missing = "known table of helper_pause";
  return listed == function;
}

struct TranslatorSearch {
  TranslatorFunctions functions;
  void **enter = nullptr;
};

/// Searches the program's constant tables that hold addresses: dl_iterate_phdr(3) begins with the program itself.
int search_program(dl_phdr_info *program, std::size_t, void *data) {
  auto &search = *static_cast<TranslatorSearch *>(data);
  for (int i = 0; i < program->dlpi_phnum && search.enter == nullptr; ++i) {
    const auto &part = program->dlpi_phdr[i];
    if (part.p_type != PT_GNU_RELRO) continue;
    search.enter = find_enter(std::bit_cast<void **>(program->dlpi_addr + part.p_vaddr), part.p_memsz / sizeof(void *),
                              search.functions);
  }
  return 1;  // no further ones
}

/// Finds how a turn gets its length.
bool find_turn_length(Qemu &qemu, const char **missing) {
  return find(qemu.turn_length, "icount_percpu_budget", missing) &&
         find(qemu.end_turn, "icount_process_data", missing) &&
         find(qemu.prepare_turn, "icount_prepare_for_run", missing) && find(qemu.has_work, "cpu_has_work", missing);
}

/// Finds how a pause is requested. The number of the state depends on QEMU's version.
bool find_pause(Qemu &qemu, const char **missing) {
  void *states = nullptr;
  int (*number_of)(void *names, const char *name, int fallback, QemuError **) = nullptr;
  if (!find(qemu.prepare_pause, "qemu_system_vmstop_request_prepare", missing) ||
      !find(qemu.request_pause, "qemu_system_vmstop_request", missing) || !find(states, "RunState_lookup", missing) ||
      !find(number_of, "qapi_enum_parse", missing)) {
    return false;
  }
  qemu.paused = number_of(states, "paused", -1, nullptr);
  if (qemu.paused < 0) *missing = "the state \"paused\"";
  return qemu.paused >= 0;
}

/// QEMU has it in a variable of each thread. One thread executes all CPUs.
unsigned char *&its_current_cpu() {
  static auto **const current = static_cast<unsigned char **>(dlsym(RTLD_DEFAULT, "current_cpu"));
  return *current;
}

unsigned char *current_cpu() {
  return its_current_cpu();
}

void set_current_cpu(void *cpu) {
  its_current_cpu() = static_cast<unsigned char *>(cpu);
}

bool find_all(Qemu &qemu, const char **missing) {
  void *variable = nullptr;
  return version_is_known(missing) && find(qemu.for_each_block, "qemu_ram_foreach_block", missing) &&
         find(qemu.host_address, "qemu_ram_get_host_addr", missing) &&
         find(qemu.offset, "qemu_ram_get_offset", missing) &&
         find(qemu.used_bytes, "qemu_ram_get_used_length", missing) &&
         find(qemu.is_shared, "qemu_ram_is_shared", missing) &&
         find(qemu.is_saved, "qemu_ram_is_migratable", missing) &&
         find(qemu.leave_out_of_state, "qemu_ram_unset_migratable", missing) &&
         find(qemu.region_at, "memory_region_from_host", missing) &&
         find(qemu.log_writes, "memory_region_set_log", missing) &&
         find(qemu.take_dirty_pages, "memory_region_snapshot_and_clear_dirty", missing) &&
         find(qemu.is_dirty, "memory_region_snapshot_get_dirty", missing) && find(qemu.free, "g_free", missing) &&
         find(qemu.allocate, "g_malloc", missing) && find(qemu.root, "object_get_root", missing) &&
         find(qemu.add_text_property, "object_property_add_str", missing) &&
         find(qemu.drop_translations, "tb_invalidate_phys_range", missing) &&
         find(qemu.register_state, "vmstate_register_with_alias_id", missing) &&
         find(qemu.cpu, "qemu_get_cpu", missing) && find(qemu.is_stopped, "cpu_is_stopped", missing) &&
         find(qemu.advance_clock, "icount_start_warp_timer", missing) &&
         find(qemu.run_timers, "qemu_clock_run_timers", missing) &&
         find(qemu.enable_clock, "qemu_clock_enable", missing) && find(qemu.run_on_cpu, "run_on_cpu", missing) &&
         find(qemu.forget_addresses, "tlb_flush", missing) && find(qemu.cpu_state, "vmstate_cpu_common", missing) &&
         find(variable, "current_cpu", missing) && find(qemu.pause, "helper_info_pause", missing) &&
         pause_is_known(qemu, missing) && find_pause(qemu, missing) && find_turn(qemu, missing) &&
         find_turn_length(qemu, missing) && find_next_instruction(qemu.next_instruction, missing) &&
         layout_is_known(*qemu.cpu_state, missing);
}

/// Finds where a CPU has the base of its GS segment: of six records of 24 bytes the last, and 8 bytes in that.
bool find_gs_base(const StateDescription &cpu, std::size_t &offset, const char **missing) {
  constexpr std::size_t kRecord = 24, kGs = 5, kBase = 8;
  for (const StateField *field = cpu.fields; field->name != nullptr; ++field) {
    if (std::strcmp(field->name, "env.segs") != 0 || field->size != kRecord) continue;
    offset = field->offset + kGs * kRecord + kBase;
    return true;
  }
  *missing = "known layout of vmstate_x86_cpu";
  return false;
}

bool find_plugin(QemuPlugin &plugin, const char **missing) {
  const StateDescription *cpu = nullptr;
  std::size_t next = 0;
  const bool complete =
      version_is_known(missing) && find(plugin.on_translation, "qemu_plugin_register_vcpu_tb_trans_cb", missing) &&
      find(plugin.instruction_count, "qemu_plugin_tb_n_insns", missing) &&
      find(plugin.instruction, "qemu_plugin_tb_get_insn", missing) &&
      find(plugin.address, "qemu_plugin_insn_vaddr", missing) && find(plugin.bytes, "qemu_plugin_insn_data", missing) &&
      find(plugin.before, "qemu_plugin_register_vcpu_insn_exec_cb", missing) &&
      find(plugin.on_access, "qemu_plugin_register_vcpu_mem_cb", missing) &&
      find(plugin.is_store, "qemu_plugin_mem_is_store", missing) &&
      find(plugin.size_shift, "qemu_plugin_mem_size_shift", missing) &&
      find(plugin.value, "qemu_plugin_mem_get_value", missing) &&
      find(plugin.access_memory, "cpu_memory_rw_debug", missing) && find(plugin.end_turn, "cpu_exit", missing) &&
      find(plugin.leave, "cpu_loop_exit_restore", missing) && find_next_instruction(next, missing) &&
      find(cpu, "vmstate_x86_cpu", missing) && find_gs_base(*cpu, plugin.gs_base, missing);
  constexpr std::size_t kStackPointer = 4;  // among the general registers
  if (complete) plugin.stack_pointer = cpu->fields[0].offset + kStackPointer * sizeof(std::uint64_t);
  return complete;
}

}  // namespace

const QemuPlugin *find_qemu_plugin(const char **missing) {
  static QemuPlugin plugin;
  return find_plugin(plugin, missing) ? &plugin : nullptr;
}

const Qemu *find_qemu(const char **missing) {
  static Qemu qemu;
  static const char *lacks = "";
  // Only once: what is found here is changed later.
  static const bool complete = find_all(qemu, &lacks);
  if (complete) {
    qemu.current_cpu = current_cpu;
    qemu.set_current_cpu = set_current_cpu;
    qemu.halted = qemu.cpu_state->fields[0].offset;
    qemu.no_fields = qemu.cpu_state->fields + 2;
  }
  *missing = lacks;
  return complete ? &qemu : nullptr;
}

void *find_turn_entry() {
  TranslatorSearch search;
  TranslatorFunctions &functions = search.functions;
  if (!look_up(functions.init, "tcg_x86_init") || !look_up(functions.translate, "x86_translate_code") ||
      !look_up(functions.interrupt, "x86_cpu_do_interrupt") ||
      !look_up(functions.execute_interrupt, "x86_cpu_exec_interrupt") ||
      !look_up(functions.execute_halt, "x86_cpu_exec_halt")) {
    return nullptr;
  }
  dl_iterate_phdr(search_program, &search);
  return search.enter;
}

bool make_writable(void *table, std::size_t bytes) {
  constexpr std::uintptr_t kPage = 4096;
  auto *const at = static_cast<unsigned char *>(table);
  const std::uintptr_t before = reinterpret_cast<std::uintptr_t>(at) % kPage;
  return mprotect(at - before, before + bytes, PROT_READ | PROT_WRITE) == 0;
}

unsigned index_of_current_cpu(const Qemu &qemu) {
  static const void *last = nullptr;  // most calls are for the same CPU as the one before
  static unsigned index = 0;
  const void *current = qemu.current_cpu();
  if (current == last) return index;
  const void *cpu = nullptr;
  for (index = 0; (cpu = qemu.cpu(static_cast<int>(index))) != nullptr && cpu != current;) ++index;
  last = current;
  return index;
}

}  // namespace kmodtest::emulator
