// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/opened_symbols.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "text/module_name.hpp"

namespace kmodtest::run {

kernel::ModuleSymbols *OpenedSymbols::of(const std::string &name) {
  if (const auto known = opened_.find(name); known != opened_.end()) return known->second.get();
  std::unique_ptr<kernel::ModuleSymbols> symbols;
  for (const auto &module : modules_)
    if (text::lsmod_name(module.name) == name) symbols = open(module.file);
  return opened_.emplace(name, std::move(symbols)).first->second.get();
}

std::unique_ptr<kernel::ModuleSymbols> OpenedSymbols::open(const std::filesystem::path &file) const {
  try {
    std::vector<std::filesystem::path> folders{file.parent_path()};
    if (!headers_.empty()) folders.push_back(headers_.parent_path());
    return std::make_unique<kernel::ModuleSymbols>(file, std::move(folders));
  } catch (const base::Error &) {
    return nullptr;
  }
}

std::string own_line_of(const std::vector<kernel::SourceLine> &lines) {
  for (const auto &line : lines)
    if (!line.file.starts_with("include/") && !line.file.starts_with('/'))
      return fmt::format("{}:{}", line.file, line.line);
  return {};
}

}  // namespace kmodtest::run
