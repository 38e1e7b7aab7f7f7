// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

#include "shards/launcher.hpp"

namespace kmodtest::shards {

/// Starts a shell command for each shard, which ends when the shard has ended. Each command has a process group of its
/// own.
class CommandLauncher final : public Launcher {
 public:
  /// `command` contains {}.
  explicit CommandLauncher(std::string command) : command_(std::move(command)) {}
  ~CommandLauncher() override { cancel(); }
  CommandLauncher(const CommandLauncher &) = delete;
  CommandLauncher &operator=(const CommandLauncher &) = delete;

  void start(const std::vector<Job> &jobs) override;
  std::map<int, JobState> states() override;
  void cancel() override;

 private:
  std::string command_;
  std::map<int, pid_t> running_;
  std::map<int, JobState> states_;
};

}  // namespace kmodtest::shards
