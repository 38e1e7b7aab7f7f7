// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>

namespace kmodtest::emulator {

/// Functions of QEMU that its table for the translator of x86 code lists (TCGCPUOps). The table itself has no name that
/// can be looked up.
struct TranslatorFunctions {
  void *init = nullptr, *translate = nullptr;
  void *interrupt = nullptr, *execute_interrupt = nullptr, *execute_halt = nullptr;
};

/// Searches words for that table. Returns its entry of the function that QEMU calls when a CPU's turn begins; nullptr
/// if no table has this layout. Source: QEMU 10.0, include/accel/tcg/cpu-ops.h (initialize, translate_code,
/// synchronize_from_tb, restore_state_to_opc, cpu_exec_enter, cpu_exec_exit, debug_excp_handler, do_interrupt,
/// cpu_exec_interrupt, cpu_exec_halt).
inline void **find_enter(void **words, std::size_t count, const TranslatorFunctions &functions) {
  constexpr std::size_t kEnter = 4, kInterrupt = 7, kEntries = 10;
  for (std::size_t at = 0; at + kEntries <= count; ++at) {
    void **table = words + at;
    if (table[0] == functions.init && table[1] == functions.translate && table[kEnter] != nullptr &&
        table[kInterrupt] == functions.interrupt && table[kInterrupt + 1] == functions.execute_interrupt &&
        table[kInterrupt + 2] == functions.execute_halt) {
      return table + kEnter;
    }
  }
  return nullptr;
}

}  // namespace kmodtest::emulator
