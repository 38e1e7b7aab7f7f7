// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/own_file.hpp"

#include <dlfcn.h>

namespace kmodtest::base {

namespace fs = std::filesystem;

fs::path own_file() {
  std::error_code error;
  fs::path program = fs::read_symlink("/proc/self/exe", error);
  Dl_info info{};
  if (::dladdr(reinterpret_cast<const void *>(&own_file), &info) == 0 || info.dli_fname == nullptr) return program;
  // For the main program this is the name it was called by, which can have become invalid (chdir).
  const fs::path file = fs::canonical(info.dli_fname, error);
  return !error && file.filename().string().find(".so") != std::string::npos ? file : program;
}

std::vector<fs::path> installed_folders(const fs::path &below) {
  const fs::path folder = own_file().parent_path();
  return {folder.parent_path() / below, folder.parent_path().parent_path() / below};
}

}  // namespace kmodtest::base
