// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/case/core_file.hpp"

#include <system_error>

#include "storage/files.hpp"

namespace kmodtest::run {

CoreFile::CoreFile(const std::filesystem::path &folder, const std::string &name)
    // The next run into this folder removes files with such a name, in case this run is killed.
    : folder_(folder / (".partial-vmcore-" + name)), path_(folder_ / "vmcore") {
  storage::make_folder(folder_);
}

CoreFile::~CoreFile() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace kmodtest::run
