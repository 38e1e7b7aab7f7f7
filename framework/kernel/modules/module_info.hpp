// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error_code.hpp"

namespace kmodtest::kernel {

/// The contents of a .ko's metadata sections.
struct ModuleInfo {
  std::filesystem::path file;
  std::string name;
  std::multimap<std::string, std::string>
      fields;  ///< .modinfo as modinfo(8) prints it: license, author, depends, vermagic, parm…
  std::vector<std::string> undefined_symbols;
  std::map<std::string, std::uint32_t> symbol_versions;  ///< __versions: symbol → CRC
  std::vector<std::string> exported_symbols;             ///< the symbols that it offers to other modules
  bool has_versions = false;                             ///< it has a __versions section (CONFIG_MODVERSIONS)
  bool has_signature = false;
  std::vector<std::string> parameters;                 ///< names, ascending
  std::vector<std::string> texts;                      ///< the texts in its data: names, formats and messages
  std::map<std::string, std::uint64_t> section_sizes;  ///< bytes of those that stay in memory after init
  /// what module_init() names; empty if there is none, or if the .ko has no symbols
  std::string init_function;
  std::string exit_function;  ///< what module_exit() names

  /// Returns true if the kernel cannot unload it: it has an init function, but no exit function.
  bool is_permanent() const { return !init_function.empty() && exit_function.empty(); }
  /// Returns the first value of a field, or nothing.
  std::optional<std::string> field(const std::string &key) const;
};

/// A reason not to load a module; a verdict of its own, found before anything boots.
struct PreflightFinding {
  base::Code code = base::Code::none;
  std::string message;  ///< one sentence that names the module
  std::string hint;
};

}  // namespace kmodtest::kernel
