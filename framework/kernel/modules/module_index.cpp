// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/modules/module_index.hpp"

#include <fmt/format.h>
#include <sstream>

#include "base/error.hpp"
#include "storage/file_cache.hpp"
#include "storage/files.hpp"
#include "text/module_name.hpp"

namespace kmodtest::kernel {

namespace fs = std::filesystem;

std::string module_name_of(const fs::path &file) {
  const auto name = file.filename().string();
  return text::lsmod_name(name.substr(0, name.find(".ko")));
}

ModuleIndex::ModuleIndex(const fs::path &folder) : folder_(folder) {
  std::istringstream lines(storage::read_whole_file(folder / "modules.dep"));
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    Line entry{line.substr(0, colon), {}};
    std::istringstream words(line.substr(colon + 1));
    for (std::string word; words >> word;) entry.needs.push_back(module_name_of(word));
    lines_.emplace(module_name_of(entry.file), std::move(entry));
  }
  std::error_code error;
  if (!fs::exists(folder / "modules.builtin", error)) return;
  std::istringstream builtin(storage::read_whole_file(folder / "modules.builtin"));
  for (std::string line; std::getline(builtin, line);) {
    if (!line.empty()) builtin_.insert(module_name_of(line));
  }
}

std::shared_ptr<const ModuleIndex> module_index(const fs::path &folder) {
  static storage::FileCache<ModuleIndex> cache;
  return cache.get({folder / "modules.dep", folder / "modules.builtin"}, [&folder] { return ModuleIndex(folder); });
}

bool ModuleIndex::loadable(const std::string &name) const {
  return lines_.contains(module_name_of(name));
}

bool ModuleIndex::builtin(const std::string &name) const {
  return builtin_.contains(module_name_of(name));
}

void ModuleIndex::add(const std::string &name, std::vector<fs::path> &order, std::set<std::string> &done) const {
  if (builtin(name) || !done.insert(module_name_of(name)).second) return;
  const auto line = lines_.find(module_name_of(name));
  if (line == lines_.end()) {
    throw base::UsageError(base::Code::no_kernel_module,
                           fmt::format("the kernel has no module '{}' ({})", name, folder_.string()),
                           "correct the name in kernel_modules");
  }
  // In modules.dep, the module to load first comes last.
  for (auto need = line->second.needs.rbegin(); need != line->second.needs.rend(); ++need) add(*need, order, done);
  order.push_back(folder_ / line->second.file);
}

const std::vector<std::string> &ModuleIndex::needs_of(const std::string &name) const {
  return lines_.at(module_name_of(name)).needs;
}

std::vector<std::string> ModuleIndex::loadable_modules() const {
  std::vector<std::string> names;
  for (const auto &[name, line] : lines_) names.push_back(name);
  return names;
}

}  // namespace kmodtest::kernel
