// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>

namespace kmodtest::run {

/// An unfinished dump of a guest's memory: in a folder next to those of the cases, which is removed with the object, so
/// that a case's folder has a complete dump or none.
class CoreFile {
 public:
  /// Creates its folder in `folder`, where the cases' folders are. Throws base::Error if that fails.
  CoreFile(const std::filesystem::path &folder, const std::string &name);
  ~CoreFile();
  CoreFile(const CoreFile &) = delete;
  CoreFile &operator=(const CoreFile &) = delete;

  const std::filesystem::path &path() const { return path_; }

 private:
  std::filesystem::path folder_;
  std::filesystem::path path_;
};

}  // namespace kmodtest::run
