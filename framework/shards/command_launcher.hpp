// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/child_process.hpp"
#include "shards/launcher.hpp"

namespace kmodtest::shards {

/// Starts a shell command for each shard, which ends when the shard has ended. Each command has a process group of its
/// own.
class CommandLauncher final : public Launcher {
 public:
  /// `command` contains {}.
  explicit CommandLauncher(std::string command) : command_(std::move(command)) {}

  void start(const std::vector<Job> &jobs) override;
  std::map<int, JobState> states() override;
  void cancel() override;

 private:
  static constexpr std::chrono::minutes kToEnd{1};  ///< for a command that ends its shard politely

  std::string command_;
  std::map<int, std::unique_ptr<base::ChildProcess>> running_;
};

}  // namespace kmodtest::shards
