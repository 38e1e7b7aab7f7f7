// SPDX-License-Identifier: GPL-2.0-or-later
#include "storage/file_cache.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

namespace kmodtest::storage {

std::string identity_of(const std::filesystem::path &file) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0) return "none";
  return fmt::format("{} {} {} {}.{} {}.{}", status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

}  // namespace kmodtest::storage
