// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>

namespace kmodtest::run {

/// A dump of a guest's memory on its way: in a folder beside those of the cases, which goes with the object, so that a
/// case's folder has a whole dump or none.
class CoreFile {
 public:
  /// `folder`: where the cases' folders are. Throws base::Error when nothing can be made there.
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
