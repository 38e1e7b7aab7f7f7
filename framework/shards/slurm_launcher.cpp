// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/slurm_launcher.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>
#include <sstream>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/error.hpp"
#include "base/process.hpp"
#include "storage/output_file.hpp"
#include "text/escape.hpp"
#include "text/lines.hpp"
#include "text/number.hpp"
#include "text/replace.hpp"

namespace kmodtest::shards {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBetweenQuestions{500};  ///< while jobs are being cancelled
constexpr std::chrono::seconds kToCancel{15};

/// Returns the first line of what a program said.
std::string first_line(const std::string &text) {
  return text.substr(0, text.find('\n'));
}

/// Returns the first and the last line of a message: what went wrong, and what came of it.
std::string in_short(const std::string &text) {
  const auto lines = text::lines_of(text);
  if (lines.empty()) return {};
  return lines.size() == 1 ? lines.front() : lines.front() + "; " + lines.back();
}

/// Returns the state that a word of squeue(1) stands for. A word that a later version adds is taken for a job that
/// runs.
JobState state_of(std::string_view word) {
  constexpr std::array<std::string_view, 7> kWaiting = {"PENDING",      "REQUEUED",      "REQUEUE_HOLD", "REQUEUE_FED",
                                                        "SPECIAL_EXIT", "RESV_DEL_HOLD", "SUSPENDED"};
  constexpr std::array<std::string_view, 9> kEnded = {
      "COMPLETED", "FAILED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "OUT_OF_MEMORY", "DEADLINE", "REVOKED"};
  const auto is_one_of = [word](const auto &words) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  if (word == "CANCELLED") return JobState::cancelled;
  return is_one_of(kWaiting) ? JobState::waiting : is_one_of(kEnded) ? JobState::ended : JobState::running;
}

bool is_alive(JobState state) {
  return state == JobState::waiting || state == JobState::running;
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
    states[{array, *number}] = state_of(state);
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
  shards.reserve(jobs.size());
  for (const Job &job : jobs) shards.push_back(job.shard);
  const auto folder = jobs.front().script.parent_path();
  const auto script = folder_ / "array.sh";
  // The script of a shard is "shard-K.sh", and its log "shard-K.log".
  storage::write_whole(script, fmt::format("#!/bin/sh\nexec sh {}/shard-\"$SLURM_ARRAY_TASK_ID\".sh\n",
                                           text::shell_word(folder.string())));
  // A task whose machine died is submitted again here, at once. Slurm would hold it back for two minutes.
  std::vector<std::string> command = {"sbatch",
                                      "--parsable",
                                      fmt::format("--array={}", fmt::join(shards, ",")),
                                      "--job-name=" + name_,
                                      "--output=" + (text::replaced(folder.string(), "%", "%%") + "/shard-%a.log"),
                                      "--open-mode=append",
                                      "--no-requeue"};
  command.insert(command.end(), options_.begin(), options_.end());
  command.push_back(script.string());
  const base::ProcessResult result = base::run_process(command);
  const std::string array = first_line(result.out).substr(0, result.out.find_first_of(";\n"));
  if (!result.ok() || array.empty()) {
    throw base::Error(base::Code::engine_refused, fmt::format("Slurm does not take the jobs: {}", in_short(result.err)),
                      "check the options behind 'slurm:' with sinfo");
  }
  for (const int shard : shards) {
    array_of_[shard] = array;
    states_[shard] = JobState::waiting;
  }
  pace_.changed(Clock::now());
}

std::optional<SlurmLauncher::Tasks> SlurmLauncher::ask() const {
  // With the user's number, the controller sends only this user's jobs.
  const base::ProcessResult result =
      base::run_process({"squeue", "--noheader", "--array", "--states=all", fmt::format("--user={}", ::geteuid()),
                         "--name=" + name_, "--format=%F %K %T"});
  if (!result.ok()) return std::nullopt;
  return parse_squeue(result.out);
}

std::map<int, JobState> SlurmLauncher::states() {
  const auto now = Clock::now();
  if (!pace_.is_due(now)) return states_;
  const auto before = states_;
  // If the controller does not answer, the jobs run on.
  if (const auto tasks = ask()) {
    for (const auto &[shard, array] : array_of_) {
      const auto found = tasks->find({array, shard});
      states_[shard] = found == tasks->end() ? JobState::ended : found->second;
    }
  }
  if (states_ == before) {
    pace_.unchanged(now);
  } else {
    pace_.changed(now);
  }
  return states_;
}

void SlurmLauncher::cancel() {
  std::set<std::string> arrays;
  for (const auto &[shard, array] : array_of_) arrays.insert(array);
  if (arrays.empty()) return;
  std::vector<std::string> command = {"scancel"};
  command.insert(command.end(), arrays.begin(), arrays.end());
  base::run_process(command);
  const auto end = Clock::now() + kToCancel;
  for (auto tasks = ask(); tasks && Clock::now() < end; tasks = ask()) {
    const bool some_left =
        std::any_of(tasks->begin(), tasks->end(), [](const auto &each) { return is_alive(each.second); });
    if (!some_left) return;
    std::this_thread::sleep_for(kBetweenQuestions);
  }
}

}  // namespace kmodtest::shards
