// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <sstream>

#include "kernel/kernel.hpp"
#include "kernel/modules/module.hpp"
#include "kernel/modules/tree_builder.hpp"
#include "storage/files.hpp"
#include "text/module_name.hpp"
#include "text/words.hpp"

namespace kmodtest::kernel {

namespace fs = std::filesystem;

std::vector<std::string> BuildError::excerpt() const {
  std::vector<std::string> lines = errors_.lines;
  if (errors_.more > 0) lines.push_back(fmt::format("… and {}", text::counted(errors_.more, "further error")));
  return lines;
}

std::string compiler_of(const Kernel &kernel) {
  for (const auto &argument : kernel.make_arguments) {
    if (argument.starts_with("CC=")) return argument.substr(3);
  }
  std::error_code error;
  const auto variables = kernel.headers / ".kernelvariables";
  if (fs::exists(variables, error)) {
    // Debian's: CC = $(if $(…),$(CCACHE)) $(CROSS_COMPILE)gcc-12
    std::istringstream lines(storage::read_whole_file(variables));
    for (std::string line; std::getline(lines, line);) {
      const auto at = line.rfind(')');
      if (line.starts_with("CC =") && at != std::string::npos && at + 1 < line.size()) return line.substr(at + 1);
    }
  }
  return "gcc";
}

TreeBuild build_tree(const BuildWish &wish, const Kernel &kernel, const fs::path &cache,
                     const std::vector<fs::path> &before, const std::string &name) {
  try {
    return TreeBuilder(wish, kernel, cache, before).build(name);
  } catch (const fs::filesystem_error &failure) {
    throw base::Error(base::Code::cannot_write,
                      fmt::format("cannot build {}: {}: {}", wish.folder.string(), failure.path1().string(),
                                  failure.code().message()),
                      "free some space, or set KMODTEST_CACHE to a folder on another disk");
  }
}

BuildResult build_module(const BuildWish &wish, const std::string &name, const Kernel &kernel, const fs::path &cache,
                         const std::vector<fs::path> &before) {
  auto built = build_tree(wish, kernel, cache, before, name);
  if (built.skip) return {.ko = {}, .skip = std::move(built.skip), .lacks_options = built.lacks_options};
  auto ko = choose_ko(wish.folder, built.modules, name);
  BuildResult result{.ko = ko, .rebuilt = built.rebuilt, .log = built.log};
  for (const auto &module : built.modules) {
    if (module != ko) result.others.push_back(text::lsmod_name(module.stem().string()));
  }
  return result;
}

}  // namespace kmodtest::kernel
