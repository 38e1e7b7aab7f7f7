// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

/// The engines that run shards elsewhere. What a shard is, how often it is started and what counts is decided by
/// run_elsewhere(); an engine only starts jobs and knows which of them have ended.
namespace kmodtest::shards {

/// One start of a shard.
struct Job {
  int shard = 1;                 ///< a number beyond the last shard: a job that helps one
  std::filesystem::path script;  ///< for sh(1); exits when the shard has ended
  std::filesystem::path log;     ///< for what the script prints
};

enum class JobState {
  waiting,
  running,
  ended,
  cancelled,  ///< it has ended because a user or an administrator wanted that
};

class Launcher {
 public:
  virtual ~Launcher() = default;
  /// Starts jobs; of a shard that was started before, its earlier job has ended. Throws base::Error if the engine
  /// refuses them.
  virtual void start(const std::vector<Job> &jobs) = 0;
  /// Returns the state of the last job of each shard. Throws base::Error if no job can run any more.
  virtual std::map<int, JobState> states() = 0;
  /// Returns what users hear about the engine, since the last call.
  virtual std::vector<std::string> take_news() { return {}; }
  /// Returns how many machines have nothing to do and could run another job at once; 0 if the engine cannot know it.
  virtual std::size_t idle() { return 0; }
  /// Ends the job of a shard, which is not needed any more. Its state becomes `ended` some time later.
  virtual void stop(int /*shard*/) {}
  /// Ends all jobs.
  virtual void cancel() = 0;
  /// Lets go of the engine. All shards have come to their ends, but a job can still be in its last instructions.
  virtual void finish() { cancel(); }
};

/// Returns the engine of --on: "slurm", "slurm:OPTION=VALUE,…" (options of sbatch), or a command in which {} stands for
/// the script: "sh {}", "qsub -sync y {}". `name` is that of the jobs, and `folder` is shared with them. Throws
/// base::UsageError for anything else.
std::unique_ptr<Launcher> make_launcher(const std::string &engine, const std::string &name,
                                        const std::filesystem::path &folder);

}  // namespace kmodtest::shards
