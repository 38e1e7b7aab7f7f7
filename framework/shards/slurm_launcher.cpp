// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/slurm_launcher.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>
#include <sstream>
#include <utility>

#include "base/error.hpp"
#include "base/process.hpp"
#include "storage/output_file.hpp"
#include "text/escape.hpp"
#include "text/number.hpp"

namespace kmodtest::shards {

namespace {

/// Returns the first line of what a program said.
std::string first_line(const std::string &text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

std::vector<std::string> sbatch_options(std::string_view text) {
  std::vector<std::string> options;
  std::istringstream words{std::string(text)};
  for (std::string word; std::getline(words, word, ',');) {
    if (word.empty() || word.front() == '-' || word.front() == '=') {
      throw base::UsageError(base::Code::bad_option_value,
                             fmt::format("--on slurm takes long options of sbatch without dashes, not '{}'", word),
                             "such as slurm:partition=short,time=30,mem=4G");
    }
    options.push_back("--" + word);
  }
  return options;
}

std::map<std::pair<std::string, int>, JobState> parse_squeue(std::string_view text) {
  std::map<std::pair<std::string, int>, JobState> states;
  std::istringstream lines{std::string(text)};
  std::string array, task, state;
  while (lines >> array >> task >> state) {
    const auto number = text::whole_number<int>(task);
    if (!number) continue;
    const bool waits = state == "PENDING" || state == "REQUEUED" || state == "REQUEUE_HOLD" || state == "SUSPENDED";
    states[{array, *number}] = waits ? JobState::waiting : JobState::running;
  }
  return states;
}

SlurmLauncher::SlurmLauncher(std::string_view options, std::string name, std::filesystem::path folder)
    : options_(sbatch_options(options)), name_(std::move(name)), folder_(std::move(folder)) {
  for (const char *program : {"sbatch", "squeue", "scancel"}) {
    if (base::program_in_path(program)) continue;
    throw base::UsageError(base::Code::engine_refused, fmt::format("Slurm is not installed here: no '{}'", program),
                           "run kmodtest where you submit jobs");
  }
}

void SlurmLauncher::start(const std::vector<Job> &jobs) {
  if (jobs.empty()) return;
  std::vector<int> shards;
  for (const Job &job : jobs) shards.push_back(job.shard);
  const auto folder = jobs.front().script.parent_path();
  const auto script = folder_ / "array.sh";
  // The script of a shard is "shard-K.sh", and its log "shard-K.log".
  storage::write_whole(script, fmt::format("#!/bin/sh\nexec sh {}/shard-\"$SLURM_ARRAY_TASK_ID\".sh\n",
                                           text::shell_word(folder.string())));
  std::vector<std::string> command = {"sbatch",
                                      "--parsable",
                                      fmt::format("--array={}", fmt::join(shards, ",")),
                                      "--job-name=" + name_,
                                      "--output=" + (folder / "shard-%a.log").string(),
                                      "--open-mode=append",
                                      "--requeue"};
  command.insert(command.end(), options_.begin(), options_.end());
  command.push_back(script.string());
  const base::ProcessResult result = base::run_process(command);
  const std::string array = first_line(result.out).substr(0, result.out.find_first_of(";\n"));
  if (!result.ok() || array.empty()) {
    throw base::Error(base::Code::engine_refused,
                      fmt::format("Slurm does not take the jobs: {}", first_line(result.err)),
                      "check the options behind 'slurm:' with sinfo");
  }
  for (const int shard : shards) array_of_[shard] = array;
}

std::map<int, JobState> SlurmLauncher::states() {
  std::set<std::string> arrays;
  for (const auto &[shard, array] : array_of_) arrays.insert(array);
  const base::ProcessResult result =
      base::run_process({"squeue", "--noheader", "--array", "--name=" + name_, "--format=%F %K %T"});
  std::map<int, JobState> states;
  // When the controller does not answer, the jobs run on.
  const auto known = parse_squeue(result.out);
  for (const auto &[shard, array] : array_of_) {
    const auto found = known.find({array, shard});
    const JobState gone = result.ok() ? JobState::ended : JobState::running;
    states[shard] = found == known.end() ? gone : found->second;
  }
  return states;
}

void SlurmLauncher::cancel() {
  std::set<std::string> arrays;
  for (const auto &[shard, array] : array_of_) arrays.insert(array);
  std::vector<std::string> command = {"scancel"};
  command.insert(command.end(), arrays.begin(), arrays.end());
  if (!arrays.empty()) base::run_process(command);
}

}  // namespace kmodtest::shards
