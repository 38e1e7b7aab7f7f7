// SPDX-License-Identifier: GPL-2.0-or-later

/// Carries out a schedule (wire/schedule_memory.hpp). QEMU calls it before each instruction of a module and at each of
/// the instruction's accesses to memory.
///
/// To delay a CPU, the callback takes instructions off the CPU's turn, as a delay loop would execute them, and leaves
/// the block before the instruction. The other CPUs have their turns then; timers fire and interrupts are handled, also
/// on this CPU. When the CPU gets its next turn, it comes back to the same instruction. So a delay is what a slow CPU,
/// an interrupt or a hypervisor can do to any kernel at any instruction, and a schedule of delays never shows a defect
/// that cannot occur otherwise.
///
/// Everything here is decided by the schedule and by what the guest executes. Each restore resets its state.
#include "emulator/explorer.hpp"

#include <array>
#include <cstring>

#include "emulator/cpu_load.hpp"
#include "emulator/preemption.hpp"
#include "emulator/turn.hpp"
#include "wire/kernel_addresses.hpp"
#include "wire/schedule_memory.hpp"

namespace kmodtest::emulator {
namespace {

constexpr int kNoRegisters = 0, kAllRegisters = 2;  // QEMU_PLUGIN_CB_NO_REGS, _RW_REGS
constexpr int kReadsAndWrites = 3;                  // QEMU_PLUGIN_MEM_RW

const Qemu *explored = nullptr;
const QemuPlugin *plugin = nullptr;
wire::ScheduleArea *area = nullptr;
Preemption preemption;
bool begun = false;

void begin_again(void *) {
  begun = false;
}

/// What is known of an instruction when it is translated, in the pointer that QEMU keeps for it.
struct Known {
  std::uint64_t address;
  std::uint16_t left_in_block;  ///< instructions from this one on
  bool calls;
};

void *packed(const Known &known) {
  const std::uint64_t bits =
      (known.address & 0xffffffff) | std::uint64_t{known.left_in_block} << 32 | std::uint64_t{known.calls} << 48;
  return reinterpret_cast<void *>(bits);  // NOLINT(performance-no-int-to-ptr)
}

Known unpacked(const void *data) {
  const auto bits = reinterpret_cast<std::uint64_t>(data);
  return {.address = wire::code_address(static_cast<std::uint32_t>(bits)),
          .left_in_block = static_cast<std::uint16_t>(bits >> 32),
          .calls = (bits >> 48 & 1) != 0};
}

void before_instruction(unsigned, void *data) {
  const auto caller = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
  if (!begun) {
    begun = true;
    preemption.begin(*area);
  }
  const Known known = unpacked(data);
  unsigned char *state = explored->current_cpu();
  const Turn turn(*explored, state, known.left_in_block);
  Preemption::At at{.cpu = index_of_current_cpu(*explored),
                    .address = known.address,
                    .flags = known.calls ? std::uint32_t{wire::kCodeCalls} : 0,
                    .left = turn.left()};
  std::memcpy(&at.stack, state + plugin->stack_pointer, sizeof at.stack);
  const Decision decision = preemption.before(at);
  if (!decision.ends_turn) return;
  turn.take(decision.takes);
  plugin->end_turn(state);
  plugin->leave(state, caller);
}

void on_access(unsigned, std::uint32_t info, std::uint64_t address, void *data) {
  preemption.accesses(index_of_current_cpu(*explored), unpacked(data).address, address, plugin->is_store(info));
}

/// Returns whether the instruction is a call (Intel's manual: E8, and FF with 2 in the middle of the next byte).
bool is_call(const Instruction *instruction) {
  std::array<unsigned char, 4> code{};
  if (plugin->bytes(instruction, code.data(), code.size()) < 2) return false;
  const std::size_t at = (code[0] & 0xf0) == 0x40 ? 1 : 0;  // a prefix
  return code[at] == 0xe8 || (code[at] == 0xff && (code[at + 1] >> 3 & 7) == 2);
}

}  // namespace

bool start_exploring(const Qemu &qemu, const QemuPlugin &calls, void *file) {
  explored = &qemu;
  plugin = &calls;
  area = static_cast<wire::ScheduleArea *>(file);
  if (!after_each_cpu_load(qemu, begin_again)) return false;
  area->engine = wire::ScheduleArea::kMagic;
  return true;
}

void explore(Instruction *instruction, std::uint64_t address, std::size_t left_in_block) {
  void *data = packed(
      {.address = address, .left_in_block = static_cast<std::uint16_t>(left_in_block), .calls = is_call(instruction)});
  plugin->before(instruction, before_instruction, kAllRegisters, data);
  plugin->on_access(instruction, on_access, kNoRegisters, kReadsAndWrites, data);
}

}  // namespace kmodtest::emulator
