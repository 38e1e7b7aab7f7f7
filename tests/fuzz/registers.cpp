// SPDX-License-Identifier: GPL-2.0-or-later
// QEMU's answer to "info registers -a".
#include "vm/libvirt/registers.hpp"

#include "property.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  using namespace kmodtest;
  const std::string_view answer = fuzz::as_text(data, size);
  for (const vm::CpuRegisters &cpu : vm::parse_registers(answer)) {
    fuzz::require(cpu.cpu >= 0, "CPUs count from 0");
    fuzz::require(cpu.text.size() <= answer.size() + 1, "the text of a CPU is a part of the answer");
  }
  return 0;
}
