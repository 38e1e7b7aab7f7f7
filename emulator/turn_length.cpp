// SPDX-License-Identifier: GPL-2.0-or-later

/// Under virtual time QEMU divides the instructions until the guest's next timer by the number of its CPUs, and each
/// CPU gets one part per round, whether it has anything to do or not. With 64 CPUs there is a tick every 60 µs. So one
/// CPU that works while the others halt or wait for it (stop_machine(), which the kernel calls several times at boot)
/// gets 250 instructions in a round of 64 turns, and the ticks of those that wait take most of the guest's time.
///
/// Here a CPU's turn is as long as TimeShares says. When QEMU has prepared a turn and enters the CPU, it calls a
/// function of a table (TCGCPUOps::cpu_exec_enter). Ours takes its place: it ends the turn that was just prepared, of
/// which nothing is executed yet, and prepares another one.
///
/// With up to eight CPUs a turn is long enough, and QEMU's own division stays: the controller asks for this in guests
/// with more.
///
/// Which CPU waits is not part of QEMU's state. A restore begins without that knowledge, so equal cases stay equal.
///
/// Source: QEMU 10.0, accel/tcg/tcg-accel-ops-rr.c (rr_cpu_thread_fn) and tcg-accel-ops-icount.c.
#include "emulator/turn_length.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "emulator/time_shares.hpp"
#include "wire/emulator_library.hpp"

namespace kmodtest::emulator {
namespace {

const Qemu *its_qemu = nullptr;
void (*qemus_enter)(void *cpu) = nullptr;
std::array<unsigned char *, TimeShares::kMostCpus> cpus{};
std::size_t cpu_count = 0;
std::size_t current = 0;  // the index of the CPU whose turn it is
TimeShares shares;

/// The CPUs exist before the first one is entered, and none is added later.
void find_cpus() {
  int index = 0;
  for (void *cpu = its_qemu->cpu(index); cpu != nullptr && cpu_count < cpus.size(); cpu = its_qemu->cpu(++index)) {
    cpus[cpu_count++] = static_cast<unsigned char *>(cpu);
  }
}

/// Returns the index of a CPU; the number of CPUs if it is unknown. Most often it is the next one's turn.
std::size_t index_of(const void *cpu) {
  for (std::size_t tried = 0, index = current; tried < cpu_count; ++tried) {
    index = index + 1 < cpu_count ? index + 1 : 0;
    if (cpus[index] == cpu) return index;
  }
  return cpu_count;
}

bool runs(std::size_t index) {
  std::uint32_t halted = 0;
  std::memcpy(&halted, cpus[index] + its_qemu->halted, sizeof halted);
  return halted == 0 || its_qemu->has_work(cpus[index]);
}

void enter(void *cpu) {
  qemus_enter(cpu);
  if (cpu_count == 0) find_cpus();
  const std::size_t index = index_of(cpu);
  if (index == cpu_count) return;
  current = index;
  const int among = shares.begin_turn(index, cpu_count, runs);
  const std::int64_t instructions = among == 0 ? 0 : its_qemu->turn_length(among);
  if (instructions == 0) return;  // a timer is due, and QEMU has dealt with that
  its_qemu->end_turn(cpu);
  its_qemu->prepare_turn(cpu, instructions);
}

}  // namespace

void fit_turns(const Qemu &qemu) {
  if (std::getenv(wire::kFitTurns) == nullptr) return;
  if (void *entry = find_turn_entry()) fit_turns(qemu, entry);
}

void fit_turns(const Qemu &qemu, void *entry) {
  if (!make_writable(entry, sizeof qemus_enter)) return;
  its_qemu = &qemu;
  cpu_count = current = 0;
  std::memcpy(&qemus_enter, entry, sizeof qemus_enter);
  void (*ours)(void *) = enter;
  std::memcpy(entry, &ours, sizeof ours);
}

bool pause_ends_turn(bool waits) {
  return cpu_count > 0 && shares.pause(current, waits);
}

void forget_turns() {
  shares.forget();
}

}  // namespace kmodtest::emulator
