// SPDX-License-Identifier: GPL-2.0-or-later

/// Under virtual time PAUSE takes as long as any other instruction (4 ns), and QEMU ends the CPU's turn with it. A loop
/// that waits for a millisecond (mdelay, the measurement of a timer at boot) executes it about 25,000 times, and each
/// time QEMU goes round all CPUs.
///
/// QEMU counts down what is left of a turn in a word of the CPU. Here PAUSE takes more from that word, but never more
/// than is left. A turn ends at the guest's next timer, so no timer is late. A loop that waits then needs a fraction of
/// the rounds, and ends at most one PAUSE too late.
#include "emulator/pause.hpp"

#include <cstdlib>
#include <cstring>

#include "wire/emulator_library.hpp"

namespace kmodtest::emulator {
namespace {

const Qemu *its_qemu = nullptr;
void (*qemus_pause)(void *registers) = nullptr;
std::uint16_t cost = 0;

void pause(void *registers) {
  std::uint16_t left = 0;
  unsigned char *word = its_qemu->current_cpu() + its_qemu->instructions_left;
  std::memcpy(&left, word, sizeof left);
  left = left > cost ? static_cast<std::uint16_t>(left - cost) : std::uint16_t{0};
  std::memcpy(word, &left, sizeof left);
  qemus_pause(registers);  // ends the turn, and does not return
}

}  // namespace

void lengthen_pause(const Qemu &qemu, std::uint16_t instructions) {
  its_qemu = &qemu;
  cost = instructions;
  std::memcpy(&qemus_pause, qemu.pause, sizeof qemus_pause);
  void (*ours)(void *) = pause;
  std::memcpy(qemu.pause, &ours, sizeof ours);
}

void lengthen_pause() {
  const char *instructions = std::getenv(wire::kPause);
  const char *missing = "";
  const Qemu *qemu = instructions == nullptr ? nullptr : find_qemu(&missing);
  if (qemu != nullptr) lengthen_pause(*qemu, static_cast<std::uint16_t>(std::atoi(instructions)));
}

}  // namespace kmodtest::emulator
