// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kernel/modules/module_info.hpp"
#include "kernel/symbols/symbols.hpp"

namespace kmodtest::run {

/// Opens the symbols of a module that may read sources next to its file and, unless `headers` is empty, next to the
/// kernel's headers. Returns null if that fails.
std::unique_ptr<kernel::ModuleSymbols> open_symbols(const std::filesystem::path &ko,
                                                    const std::filesystem::path &headers);

/// The symbols of the modules under test, each opened when it is needed.
class OpenedSymbols {
 public:
  OpenedSymbols(const std::vector<kernel::ModuleInfo> &modules, const std::filesystem::path &headers)
      : modules_(modules), headers_(headers) {}

  /// Returns null if there are none.
  kernel::ModuleSymbols *of(const std::string &name);

 private:
  const std::vector<kernel::ModuleInfo> &modules_;
  const std::filesystem::path &headers_;
  std::map<std::string, std::unique_ptr<kernel::ModuleSymbols>> opened_;
};

/// Returns "my.c:41"; empty if there is no line. The innermost line can be in a header of the kernel (kcalloc): the
/// module's own line is better.
std::string own_line_of(const std::vector<kernel::SourceLine> &lines);

}  // namespace kmodtest::run
