// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "shards/launcher.hpp"

namespace kmodtest::shards {

/// Submits arrays of jobs to Slurm by its own programs (sbatch, squeue, scancel).
class SlurmLauncher final : public Launcher {
 public:
  /// `options`: of sbatch, "partition=short,time=30". Throws base::UsageError if Slurm is not installed.
  SlurmLauncher(std::string_view options, std::string name, std::filesystem::path folder);

  void start(const std::vector<Job> &jobs) override;
  std::map<int, JobState> states() override;
  void cancel() override;

 private:
  std::vector<std::string> options_;
  std::string name_;
  std::filesystem::path folder_;
  std::map<int, std::string> array_of_;  ///< the array of each shard's last job
};

/// Returns the options of sbatch for what follows "slurm:"; each is KEY=VALUE or KEY.
std::vector<std::string> sbatch_options(std::string_view text);

/// Returns the states of the tasks in what `squeue -h -r -o '%F %K %T'` prints, by array and task. Those that have
/// ended are not in it.
std::map<std::pair<std::string, int>, JobState> parse_squeue(std::string_view text);

}  // namespace kmodtest::shards
