// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kmodtest::vm {

/// The registers of one CPU.
struct CpuRegisters {
  int cpu = 0;
  std::uint64_t rip = 0;
  std::uint64_t rsp = 0;
  std::uint64_t rflags = 0;
  std::uint64_t cr2 = 0;  ///< the address of the last page fault
  std::uint64_t cr3 = 0;
  std::uint64_t gs_base = 0;  ///< in the kernel: the address of the CPU's own variables
  int ring = 0;
  bool halted = false;
  std::string text;  ///< the general registers as QEMU prints them, some lines

  bool in_kernel() const { return ring == 0; }
  bool takes_interrupts() const { return (rflags & 0x200) != 0; }  ///< IF. Source: Intel SDM 1, 3.4.3
};

/// Parses the CPUs in QEMU's answer to "info registers -a". Leaves out CPUs without a RIP.
std::vector<CpuRegisters> parse_registers(std::string_view answer);

}  // namespace kmodtest::vm
