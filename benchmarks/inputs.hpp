// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

/// The plans and modules that the benchmark runs, written into a folder of its own.
namespace kmodtest::bench {

/// A fresh folder below the temporary folder; removed with the object.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder &) = delete;
  ScratchFolder &operator=(const ScratchFolder &) = delete;
  const std::filesystem::path &path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A module whose .ko is a little more than `bytes` long, in modules/NAME/ below the folder.
void write_module(const std::filesystem::path &folder, const std::string &name, std::size_t bytes);

/// A plan that loads and unloads the module, `rounds` times, each time in a guest of its own. Returns its file.
std::filesystem::path write_plan(const std::filesystem::path &folder, const std::string &module, int rounds);

}  // namespace kmodtest::bench
