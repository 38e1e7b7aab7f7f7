// SPDX-License-Identifier: GPL-2.0-or-later

/// QEMU calls a function of a table (vmstate_cpu_common) for each CPU that it has loaded. Ours takes its place.
#include "emulator/cpu_load.hpp"

#include <algorithm>
#include <array>
#include <sys/mman.h>

namespace kmodtest::emulator {
namespace {

int (*qemus_own)(void *cpu, int version) = nullptr;
void (*replacement)(void *cpu) = nullptr;
std::array<void (*)(), 4> next{};

int load_cpu(void *cpu, int version) {
  for (auto *const then : next)
    if (then != nullptr) then();
  if (replacement == nullptr) return qemus_own(cpu, version);
  replacement(cpu);
  return 0;
}

bool make_writable(const void *table, std::size_t size) {
  constexpr std::uintptr_t kPage = 4096;
  const auto begin = reinterpret_cast<std::uintptr_t>(table) / kPage * kPage;
  const auto end = reinterpret_cast<std::uintptr_t>(table) + size;
  return mprotect(reinterpret_cast<void *>(begin), end - begin, PROT_READ | PROT_WRITE) == 0;
}

bool take_place(StateDescription &table) {
  if (table.post_load == load_cpu) return true;
  if (!make_writable(&table, sizeof table)) return false;
  qemus_own = table.post_load;
  table.post_load = load_cpu;
  return true;
}

}  // namespace

bool after_each_cpu_load(const Qemu &qemu, void (*then)()) {
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
