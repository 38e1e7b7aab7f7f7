// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <libelf.h>
#include <string>
#include <vector>

#include "kernel/symbols/symbols.hpp"

namespace kmodtest::kernel {

/// A section in memory, with its distance from the start of its part of the module.
struct CoreSection {
  std::size_t index = 0;
  std::uint64_t start = 0, size = 0;
  std::string name = {};
};

/// Returns the sections of a part of a module, laid out as the kernel's layout_sections() does.
std::vector<CoreSection> layout(Elf *elf, ModuleSymbols::Part part);

}  // namespace kmodtest::kernel
