// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/module_input.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "plan/module_lookup.hpp"

namespace kmodtest::plan {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 3;  ///< levels below the folder that was named

bool is_file(const fs::path &path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool has_build_file(const fs::path &folder) {
  return is_file(folder / "Kbuild") || is_file(folder / "Makefile") || is_file(folder / "makefile") ||
         is_file(folder / "GNUmakefile") || is_file(folder / "dkms.conf");
}

bool names_objects(const fs::path &makefile) {
  std::ifstream lines(makefile);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("obj-m") != std::string::npos || line.find("obj-$(") != std::string::npos) return true;
  }
  return false;
}

bool builds_modules(const fs::path &folder) {
  return is_file(folder / "Kbuild") || is_file(folder / "dkms.conf") || names_objects(folder / "Makefile");
}

/// Calls `take` with each file and folder at or below `folder`, hidden ones left out, until it returns true.
template <class Take>
void for_each_below(const fs::path &folder, const Take &take) {
  std::error_code error;
  auto entry = fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (entry->path().filename().string().starts_with('.')) {
      if (entry->is_directory(ignored)) entry.disable_recursion_pending();
    } else if (take(entry)) {
      return;
    }
  }
}

bool is_archive(const fs::path &file) {
  constexpr std::array<std::string_view, 9> kEndings{".deb",    ".rpm",     ".tar",     ".tgz",    ".tar.gz",
                                                     ".tar.xz", ".tar.zst", ".tar.bz2", ".tar.lz4"};
  const std::string name = file.filename().string();
  return is_file(file) &&
         std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) { return name.ends_with(ending); });
}

}  // namespace

std::optional<fs::path> build_folder_of(const fs::path &input) {
  std::error_code error;
  if (!fs::is_directory(input, error)) return std::nullopt;
  if (has_build_file(input)) return input;
  std::vector<std::string> found;
  for_each_below(input, [&](fs::recursive_directory_iterator &entry) {
    std::error_code ignored;
    if (!entry->is_directory(ignored)) return false;
    const bool builds = builds_modules(entry->path());
    if (builds) found.push_back(entry->path().string());
    if (builds || entry.depth() + 1 >= kDeepest) entry.disable_recursion_pending();
    return false;
  });
  if (found.empty()) return std::nullopt;
  if (found.size() == 1) return fs::path(found.front());
  std::sort(found.begin(), found.end());
  throw base::UsageError(base::Code::builds_other_modules,
                         fmt::format("{} has no Makefile of its own, and several folders with modules: {}",
                                     input.string(), fmt::join(found, ", ")),
                         "name those that you mean");
}

bool is_collection(const fs::path &input) {
  if (is_archive(input)) return true;
  std::error_code error;
  if (!fs::is_directory(input, error)) return false;
  bool any = false;
  for_each_below(input, [&](fs::recursive_directory_iterator &entry) {
    any = module_file_stem(entry->path().filename().string()).has_value();
    return any;
  });
  return any;
}

bool has_modules(const fs::path &input) {
  if (module_file_stem(input.filename().string())) return true;
  return build_folder_of(input).has_value() || is_collection(input);
}

}  // namespace kmodtest::plan
