// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shards/asking_pace.hpp"
#include "shards/launcher.hpp"

namespace kmodtest::shards {

/// Submits arrays of jobs to Slurm by its own programs (sbatch, squeue, scancel).
class SlurmLauncher final : public Launcher {
 public:
  /// `options`: of sbatch, "partition=short,time=30". Throws base::UsageError if Slurm is not installed.
  SlurmLauncher(std::string_view options, std::string name, std::filesystem::path folder);

  void start(const std::vector<Job> &jobs) override;
  std::map<int, JobState> states() override;
  /// Waits until Slurm has ended the jobs, some seconds at most.
  void cancel() override;
  /// Does nothing: jobs that end anyway should not be on record as cancelled.
  void finish() override {}

 private:
  using Tasks = std::map<std::pair<std::string, int>, JobState>;

  /// Returns the tasks of this run; nothing if Slurm's controller does not answer.
  std::optional<Tasks> ask() const;

  std::vector<std::string> options_;
  std::string name_;
  std::filesystem::path folder_;
  std::map<int, std::string> array_of_;  ///< the array of each shard's last job
  std::map<int, JobState> states_;       ///< as Slurm said last
  AskingPace pace_;
};

/// Returns the options of sbatch for what follows "slurm:"; each is KEY=VALUE or KEY.
std::vector<std::string> sbatch_options(std::string_view text);

/// Returns the states of the tasks in what `squeue --states=all --format='%F %K %T'` prints, by array and task. Slurm
/// forgets tasks some minutes after their end.
std::map<std::pair<std::string, int>, JobState> parse_squeue(std::string_view text);

}  // namespace kmodtest::shards
