// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/opened_symbols.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "text/module_name.hpp"

namespace kmodtest::run {

std::unique_ptr<kernel::ModuleSymbols> open_symbols(const std::filesystem::path &ko,
                                                    const std::filesystem::path &headers) {
  try {
    std::vector<std::filesystem::path> folders{ko.parent_path()};
    if (!headers.empty()) folders.push_back(headers.parent_path());
    return std::make_unique<kernel::ModuleSymbols>(ko, std::move(folders));
  } catch (const base::Error &) {
    return nullptr;
  }
}

kernel::ModuleSymbols *OpenedSymbols::of(const std::string &name) {
  if (const auto known = opened_.find(name); known != opened_.end()) return known->second.get();
  std::unique_ptr<kernel::ModuleSymbols> symbols;
  for (const auto &module : modules_)
    if (text::lsmod_name(module.name) == name) symbols = open_symbols(module.file, headers_);
  return opened_.emplace(name, std::move(symbols)).first->second.get();
}

std::string own_line_of(const std::vector<kernel::SourceLine> &lines) {
  for (const auto &line : lines)
    if (!line.file.starts_with("include/") && !line.file.starts_with('/'))
      return fmt::format("{}:{}", line.file, line.line);
  return {};
}

}  // namespace kmodtest::run
