// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <elfutils/libdw.h>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kernel/symbols/debug_info.hpp"

namespace kmodtest::kernel {

/// What DWARF says about a module's own code, by the addresses that libdwfl gives to its sections.
struct LineTable {
  struct Row {
    std::uint64_t begin = 0, end = 0;
    std::uint32_t file = 0, line = 0;
    bool direct = true;  ///< as ModuleCode::Piece
  };
  struct Function {
    std::string name;
    std::uint64_t entry = 0;
    std::uint32_t file = 0, line = 0;
  };
  std::filesystem::path root;
  std::vector<std::filesystem::path> files;
  std::vector<Row> rows;
  std::vector<Function> functions;
};

/// Reads the table; `built_in` as for read_module_code(). Leaves out what cannot be read.
LineTable read_line_table(const DebugInfo &debug, const std::string &built_in);

}  // namespace kmodtest::kernel
