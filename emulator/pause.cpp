// SPDX-License-Identifier: GPL-2.0-or-later

/// Under virtual time PAUSE takes as long as any other instruction (4 ns), and QEMU ends the CPU's turn with it. A loop
/// that waits for a millisecond (mdelay, the measurement of a timer at boot) executes it about 25,000 times, and each
/// time QEMU goes round all CPUs.
///
/// QEMU counts down what is left of a turn in a word of the CPU. Here PAUSE takes more from that word, but never more
/// than is left. A turn ends at the guest's next timer, so no timer is late. A loop that waits then needs a fraction of
/// the rounds. The longer it has waited, the more its next PAUSE takes (emulator/spin.hpp), so a delay ends at most an
/// eighth of itself too late, and never more than one longest PAUSE.
///
/// Which loop a CPU is in is not part of QEMU's state. A restore begins without that knowledge, so equal cases stay
/// equal.
#include "emulator/pause.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "emulator/cpu_load.hpp"
#include "emulator/spin.hpp"
#include "emulator/turn_length.hpp"
#include "wire/emulator_library.hpp"

namespace kmodtest::emulator {
namespace {

constexpr std::size_t kMostCpus = 64;

const Qemu *its_qemu = nullptr;
void (*qemus_pause)(void *registers) = nullptr;
std::uint16_t least_cost = 0, most_cost = 0;

struct Cpu {
  const void *registers = nullptr;
  Spin spin;
};
std::array<Cpu, kMostCpus> cpus{};

void forget_spins(void *) {
  cpus.fill({});
  forget_turns();
}

/// Returns the CPU with these registers; nullptr: there are more CPUs than expected.
Cpu *cpu_of(const void *registers) {
  const auto found = std::find_if(cpus.begin(), cpus.end(), [registers](const Cpu &cpu) {
    return cpu.registers == registers || cpu.registers == nullptr;
  });
  if (found == cpus.end()) return nullptr;
  found->registers = registers;
  return found;
}

PausedAt paused_at(const void *registers) {
  PausedAt at;
  std::memcpy(at.general.data(), registers, sizeof at.general);
  std::memcpy(&at.next, static_cast<const unsigned char *>(registers) + its_qemu->next_instruction, sizeof at.next);
  return at;
}

std::uint16_t cost(const void *registers) {
  Cpu *cpu = cpu_of(registers);
  if (cpu == nullptr) return least_cost;
  const std::uint16_t cost = cpu->spin.cost(paused_at(registers), least_cost, most_cost);
  return pause_ends_turn(cpu->spin.waits()) ? 0 : cost;
}

void pause(void *registers) {
  std::uint16_t left = 0;
  unsigned char *word = its_qemu->current_cpu() + its_qemu->instructions_left;
  std::memcpy(&left, word, sizeof left);
  left = static_cast<std::uint16_t>(left - std::min(left, cost(registers)));
  std::memcpy(word, &left, sizeof left);
  qemus_pause(registers);  // ends the turn, and does not return
}

}  // namespace

void lengthen_pause(const Qemu &qemu, std::uint16_t least, std::uint16_t most) {
  if (!after_each_cpu_load(qemu, forget_spins)) return;
  its_qemu = &qemu;
  least_cost = least;
  most_cost = most;
  std::memcpy(&qemus_pause, qemu.pause, sizeof qemus_pause);
  void (*ours)(void *) = pause;
  std::memcpy(qemu.pause, &ours, sizeof ours);
}

void lengthen_pause() {
  const char *instructions = std::getenv(wire::kPause);
  const char *missing = "";
  const Qemu *qemu = instructions == nullptr ? nullptr : find_qemu(&missing);
  if (qemu == nullptr) return;
  fit_turns(*qemu);
  char *most = nullptr;
  const auto least = static_cast<std::uint16_t>(std::strtoul(instructions, &most, 10));
  lengthen_pause(*qemu, least, *most == ',' ? static_cast<std::uint16_t>(std::strtoul(most + 1, nullptr, 10)) : least);
}

}  // namespace kmodtest::emulator
