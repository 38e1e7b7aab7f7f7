// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

/// The plans and modules that the benchmark runs, written into a folder of its own.
namespace kmodtest::bench {

/// A fresh folder with a short name below `parent`; removed with the object.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::filesystem::path &parent);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder &) = delete;
  ScratchFolder &operator=(const ScratchFolder &) = delete;
  const std::filesystem::path &path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A module whose .ko is a little more than `bytes` long, in modules/NAME/ below the folder.
void write_module(const std::filesystem::path &folder, const std::string &name, std::size_t bytes);

/// A plan that loads and unloads the module, `rounds` times, each time in a pristine guest. `guest` is what the plan
/// says of it, such as "channel: virtio"; `sleep`, such as "10s", is how long the module stays. Returns its file.
std::filesystem::path write_plan(const std::filesystem::path &folder, const std::string &module, int rounds,
                                 const std::string &guest, const std::string &sleep = "0s");

/// The file with these bytes, as editors save it: beside it first, then renamed.
void save(const std::filesystem::path &file, const std::string &text);

/// A copy of the plan in `folder` without its sched steps, which would have its cases traced. Returns its file.
std::filesystem::path write_plan_without_sched(const std::filesystem::path &plan, const std::filesystem::path &folder);

}  // namespace kmodtest::bench
