// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <elfutils/libdwfl.h>
#include <filesystem>
#include <libelf.h>
#include <memory>

namespace kmodtest::kernel {

/// A .ko opened by elfutils' libdwfl, with the debug information that is in the file itself.
class DebugInfo {
 public:
  /// Throws base::Error if the file cannot be read or is not ELF.
  explicit DebugInfo(const std::filesystem::path &ko);

  Dwfl_Module *module() const { return module_; }
  /// Returns null if the file has no sections that can be read.
  Elf *elf() const { return elf_; }
  /// Returns false if the .ko has no DWARF.
  bool has_lines() const { return has_lines_; }

 private:
  struct FreeDwfl {
    void operator()(Dwfl *dwfl) const { dwfl_end(dwfl); }
  };
  std::unique_ptr<Dwfl, FreeDwfl> dwfl_;
  Dwfl_Module *module_ = nullptr;
  Elf *elf_ = nullptr;
  bool has_lines_ = false;
};

}  // namespace kmodtest::kernel
