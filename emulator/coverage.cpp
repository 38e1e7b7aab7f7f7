// SPDX-License-Identifier: GPL-2.0-or-later

/// The part of the plugin that counts executions (code_counter.hpp) for `--coverage`. It only looks: it neither changes
/// the guest nor ends a block, so a case has the same digest with it and without it.
#include "emulator/coverage.hpp"

#include <array>
#include <cstring>

#include "emulator/code_counter.hpp"
#include "emulator/cpu_load.hpp"
#include "emulator/report_bytes.hpp"
#include "wire/coverage_memory.hpp"

namespace kmodtest::emulator {
namespace {

constexpr int kWithoutRegisters = 0, kReadRegisters = 1;  // QEMU_PLUGIN_CB_NO_REGS, _R_REGS
constexpr std::size_t kLongestInstruction = 15;

const Qemu *counted_qemu = nullptr;
const QemuPlugin *calls = nullptr;
wire::CoverageArea *counts = nullptr;
const unsigned char *shared_page = nullptr;
CodeCounter counter;
bool counting = false;  // since the last restore

void count_again(void *) {
  counting = false;
}

/// A restore calls count_again() for each CPU; the first call after that is the first of a case.
void begin_if_restored() {
  if (counting) return;
  counting = true;
  counter.begin(*counts);
}

std::uint64_t stack_pointer() {
  std::uint64_t stack = 0;
  std::memcpy(&stack, counted_qemu->current_cpu() + calls->stack_pointer, sizeof stack);
  return stack;
}

void *as_data(std::uint64_t value) {
  return reinterpret_cast<void *>(value);  // NOLINT(performance-no-int-to-ptr)
}

void on_execution(unsigned, void *data) {
  begin_if_restored();
  counter.executes(reinterpret_cast<std::uint64_t>(data));
}

void on_jump(unsigned, void *data) {
  begin_if_restored();
  counter.jumps(reinterpret_cast<std::uint64_t>(data), stack_pointer());
}

void on_arrival(unsigned, void *data) {
  begin_if_restored();
  counter.arrives(reinterpret_cast<std::uint64_t>(data), stack_pointer());
}

}  // namespace

bool start_counting(const Qemu &qemu, const QemuPlugin &plugin, void *file, const void *shared) {
  counted_qemu = &qemu;
  calls = &plugin;
  counts = static_cast<wire::CoverageArea *>(file);
  shared_page = static_cast<const unsigned char *>(shared);
  if (!after_each_cpu_load(qemu, count_again)) return false;
  counts->engine = wire::CoverageArea::kMagic;
  return true;
}

void count(Instruction *instruction, std::uint64_t address, bool first_of_block) {
  begin_if_restored();
  std::array<unsigned char, kLongestInstruction> code{};
  const std::size_t length = calls->bytes(instruction, code.data(), code.size());
  const auto jump = wire::conditional_jump({code.data(), length});
  CodeCounter::Ways ways;
  if (jump) ways.on = address + jump->length;
  if (jump) ways.target = ways.on + static_cast<std::uint64_t>(std::int64_t{jump->distance});
  void *counted = as_data(counter.add(address, report_bytes(shared_page), ways));
  if (first_of_block) calls->before(instruction, on_arrival, kReadRegisters, as_data(address));
  calls->before(instruction, on_execution, kWithoutRegisters, counted);
  if (jump) calls->before(instruction, on_jump, kReadRegisters, counted);
}

}  // namespace kmodtest::emulator
