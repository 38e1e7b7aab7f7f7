// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

/// Writes the plans and modules of the benchmark into a separate folder.
namespace kmodtest::bench {

/// Creates a folder with a short, unique name below `parent`, and removes it on destruction.
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

/// Writes a module whose .ko is slightly more than `bytes` long, into modules/NAME/ below the folder.
void write_module(const std::filesystem::path &folder, const std::string &name, std::size_t bytes);

/// Writes a plan that loads and unloads the module, `rounds` times, each time in a pristine guest. `guest` is the
/// content of the plan's `guest:`, such as "channel: virtio"; `sleep`, such as "10s", is how long the module stays
/// loaded. Returns its file.
std::filesystem::path write_plan(const std::filesystem::path &folder, const std::string &module, int rounds,
                                 const std::string &guest, const std::string &sleep = "0s");

/// Replaces a file as editors do: writes next to it first, then renames.
void save(const std::filesystem::path &file, const std::string &text);

/// Writes a copy of the plan into `folder` without its sched steps, which would make kmodtest trace its cases. Returns
/// its file.
std::filesystem::path write_plan_without_sched(const std::filesystem::path &plan, const std::filesystem::path &folder);

}  // namespace kmodtest::bench
