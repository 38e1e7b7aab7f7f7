// SPDX-License-Identifier: GPL-2.0-or-later
#include "storage/cache_folder.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <unistd.h>

#include "base/environment.hpp"
#include "base/error.hpp"
#include "base/own_file.hpp"
#include "storage/files.hpp"

namespace kmodtest::storage {
namespace {

std::filesystem::path wanted_cache_folder() {
  if (const auto own = base::variable("KMODTEST_CACHE"); !own.empty()) return std::filesystem::absolute(own);
  // A relative XDG_CACHE_HOME has to be ignored (XDG Base Directory Specification).
  if (const auto xdg = base::variable("XDG_CACHE_HOME"); xdg.starts_with('/')) return xdg + "/kmodtest";
  if (const auto home = base::variable("HOME"); home.starts_with('/')) return home + "/.cache/kmodtest";
  throw base::Error(base::Code::no_cache_folder, "there is no folder for the cache: HOME is not set",
                    "set KMODTEST_CACHE to a folder that you can write to");
}

/// Returns the possible folders of data files, best first.
std::vector<std::filesystem::path> data_folders() {
  if (const auto own = base::variable("KMODTEST_DATA"); !own.empty()) return {std::filesystem::absolute(own)};
  // Build tree: the agent is next to kmodtest, and images/ is in the source tree that CMake was run on.
  auto folders = base::installed_folders("share/kmodtest");
  const auto programs = base::installed_folders("libexec/kmodtest");
  folders.insert(folders.end(), programs.begin(), programs.end());
  folders.push_back(base::own_file().parent_path());
  folders.emplace_back(KMODTEST_SOURCE_DATA);
  return folders;
}

}  // namespace

std::filesystem::path cache_folder() {
  auto folder = wanted_cache_folder().lexically_normal();
  make_folder(folder);
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    throw base::Error(base::Code::cache_not_writable,
                      fmt::format("cannot write to the cache folder {}: {}", folder.string(), std::strerror(errno)),
                      "set KMODTEST_CACHE to a folder that you can write to");
  }
  return folder;
}

std::filesystem::path find_data_file(const std::string &name) {
  const auto folders = data_folders();
  std::string searched;
  for (const auto &folder : folders) {
    std::error_code error;
    if (std::filesystem::exists(folder / name, error)) return folder / name;
    searched += (searched.empty() ? "" : ", ") + folder.string();
  }
  throw base::Error(base::Code::missing_part, fmt::format("cannot find {} (searched in {})", name, searched),
                    "set KMODTEST_DATA to the folder that has it, or install kmodtest again");
}

std::filesystem::path data_folder() {
  return find_data_file("kernels.yaml").parent_path();
}

}  // namespace kmodtest::storage
