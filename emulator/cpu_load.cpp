// SPDX-License-Identifier: GPL-2.0-or-later

/// QEMU calls a function of a table (vmstate_cpu_common) for each CPU that it has loaded. Ours takes its place.
#include "emulator/cpu_load.hpp"

#include <algorithm>
#include <array>

namespace kmodtest::emulator {
namespace {

int (*qemus_own)(void *cpu, int version) = nullptr;
void (*replacement)(void *cpu) = nullptr;
std::array<void (*)(void *cpu), 6> next{};

int load_cpu(void *cpu, int version) {
  for (auto *const then : next)
    if (then != nullptr) then(cpu);
  if (replacement == nullptr) return qemus_own(cpu, version);
  replacement(cpu);
  return 0;
}

bool take_place(StateDescription &table) {
  if (table.post_load == load_cpu) return true;
  if (!make_writable(&table, sizeof table)) return false;
  qemus_own = table.post_load;
  table.post_load = load_cpu;
  return true;
}

}  // namespace

bool after_each_cpu_load(const Qemu &qemu, void (*then)(void *cpu)) {
  if (!take_place(*qemu.cpu_state)) return false;
  const auto free =
      std::find_if(next.begin(), next.end(), [then](const auto &one) { return one == nullptr || one == then; });
  if (free == next.end()) return false;
  *free = then;
  return true;
}

bool replace_cpu_load(const Qemu &qemu, void (*function)(void *cpu)) {
  const bool placed = take_place(*qemu.cpu_state);
  if (placed) replacement = function;
  return placed;
}

}  // namespace kmodtest::emulator
