// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/elsewhere.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <set>
#include <variant>

#include "base/error.hpp"
#include "shards/layout.hpp"
#include "shards/live_results.hpp"
#include "shards/results_reader.hpp"
#include "shards/run_files.hpp"
#include "storage/files.hpp"
#include "storage/output_file.hpp"
#include "text/lines.hpp"
#include "text/words.hpp"

namespace kmodtest::shards {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBetweenLooks{500};
constexpr std::size_t kShownLogLines = 5;
constexpr int kMostHelpers = 3;                      ///< of one shard, one after the other
constexpr std::string_view kDifference = "  note ";  ///< begins a line of `kmodtest unpack`

/// Blocks the signals that end a run, and waits for them.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set_, number);
    pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }
  ~Signals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  Signals(const Signals &) = delete;
  Signals &operator=(const Signals &) = delete;

  /// Returns whether one arrived within this time.
  bool wait(std::chrono::milliseconds time) const {
    const timespec limit{time.count() / 1000, time.count() % 1000 * 1'000'000};
    return sigtimedwait(&set_, nullptr, &limit) > 0;
  }

 private:
  sigset_t set_{}, before_{};
};

/// A shard and its jobs.
struct Progress {
  explicit Progress(fs::path folder) : results(std::move(folder)) {}

  int starts = 0;
  int in_vain = 0;      ///< the last starts that brought no result
  std::size_t had = 0;  ///< results at its last start
  bool done = false;
  std::optional<Clock::time_point> ended;  ///< when its last job was seen to have ended
  LiveResults results;
  std::set<std::size_t> finished;
  std::optional<Clock::time_point> running_since;  ///< its last job
  std::size_t size = 0;                            ///< results when it is whole; 0: not known yet
  int helpers = 0;                                 ///< jobs that have helped, or do
};

/// A job that runs a shard from its end.
struct Helper {
  Helper(int number, fs::path folder) : shard(number), results(std::move(folder)) {}

  int shard;
  bool over = false;
  LiveResults results;
};

class Elsewheres {
 public:
  Elsewheres(Launcher &launcher, const ElsewhereOptions &options, outcome::Listener &live)
      : launcher_(launcher), options_(options), live_(live) {}

  Elsewhere run() {
    const Signals signals;
    storage::make_folder(options_.folder);
    std::vector<int> all;
    for (int shard = 1; shard <= options_.shards; ++shard) all.push_back(shard);
    start(all);
    while (!over()) {
      if (signals.wait(kBetweenLooks)) {
        tell("interrupted: cancelling the jobs of all shards");
        launcher_.cancel();
        look_for_results();
        result_.interrupted = true;
        break;
      }
      look_or_stop();
      live_.on(outcome::Tick{});
    }
    for (const std::string &text : launcher_.take_news()) tell(text);
    for (const auto &[shard, progress] : shards_) add_results_of(shard);
    for (const auto &[job, helper] : helpers_) add_results_of(job);
    return result_;
  }

 private:
  fs::path results_of(int shard) const { return options_.folder / results_name(shard); }
  fs::path log_of(int shard) const { return options_.folder / log_name(shard); }
  std::string name_of(int shard) const { return fmt::format("shard {}/{}", shard, options_.shards); }
  void add_results_of(int job) {
    if (fs::exists(results_of(job) / kManifestFile)) result_.results.push_back(results_of(job));
  }
  void tell(const std::string &text) { live_.on(outcome::Notice{text}); }

  bool over() const {
    return std::all_of(shards_.begin(), shards_.end(), [](const auto &each) { return each.second.done; });
  }

  /// `job`: its own number, or that of a helper, which begins at the end.
  fs::path write_script(int shard, int job, int attempt) const {
    std::string words;
    for (const std::string &word : options_.command) words += word + " ";
    if (job != shard) words += "--from-the-end ";
    fs::path script = options_.folder / script_name(job);
    storage::write_whole(script, fmt::format("#!/bin/sh\n# {} of a run of kmodtest\n{} || exit 3\n"
                                             "exec {}--shard {}/{} --results {}/{} --resume --attempt {}\n",
                                             name_of(shard), options_.enter, words, shard, options_.shards,
                                             options_.there, results_name(job), attempt));
    return script;
  }

  void start(const std::vector<int> &shards) {
    std::vector<Job> jobs;
    for (const int shard : shards) {
      Progress &progress = shards_.try_emplace(shard, results_of(shard)).first->second;
      progress.ended.reset();
      progress.running_since.reset();
      progress.had = progress.finished.size();
      jobs.push_back({shard, write_script(shard, shard, ++progress.starts), log_of(shard)});
    }
    launcher_.start(jobs);
  }

  void look_for_results() {
    for (auto &[shard, progress] : shards_) {
      if (!progress.done) read_results(progress.results, progress.finished);
    }
  }

  void read_results(LiveResults &results, std::set<std::size_t> &finished) {
    results.read([&](KeptCase kept) {
      if (!finished.insert(kept.finished.number).second) return;
      settle_folders(kept.finished, [&](const fs::path &folder) {
        const fs::path there = results.folder() / folder;
        return folder.empty() ? folder : options_.places ? options_.places->of(there) : there;
      });
      live_.on(kept.finished);
    });
  }

  /// What ran counts even if the engine can run nothing more.
  void look_or_stop() {
    try {
      look();
    } catch (const base::Error &error) {
      result_.failure = std::current_exception();
      look_for_results();
      for (auto &[shard, progress] : shards_) {
        if (progress.done) continue;
        progress.done = true;
        result_.problems.push_back(fmt::format("{} did not come to its end [{}]: {}", name_of(shard),
                                               base::name_of(base::Code::shard_lost), error.what()));
      }
      // If nothing ran, this is the error of the whole run.
      const bool some_ran =
          std::any_of(shards_.begin(), shards_.end(), [](const auto &each) { return !each.second.finished.empty(); });
      if (some_ran) tell(fmt::format("nothing more can run: {} [{}]", error.what(), base::name_of(error.code())));
    }
  }

  void look() {
    for (const std::string &text : launcher_.take_news()) tell(text);
    const auto states = launcher_.states();
    look_at_helpers(states);
    std::vector<int> again;
    for (auto &[shard, progress] : shards_) {
      if (progress.done) continue;
      const auto found = states.find(shard);
      const JobState state = found == states.end() ? JobState::running : found->second;
      const bool complete = progress.results.complete();
      read_results(progress.results, progress.finished);
      progress.done = complete || (progress.helpers > 0 && progress.finished.size() >= progress.size);
      if (complete) tell_differences(shard);
      if (progress.done) stop_jobs_of(shard, state);
      if (state == JobState::running && !progress.running_since) progress.running_since = Clock::now();
      if (progress.done || state == JobState::waiting || state == JobState::running) continue;
      if (state == JobState::cancelled) {
        give_up(shard, progress, "was cancelled by a user or an administrator");
        continue;
      }
      if (!progress.ended) progress.ended = Clock::now();
      if (Clock::now() - *progress.ended < options_.files_may_be_late && !fs::exists(log_of(shard))) continue;
      if (is_worth_another_start(progress)) {
        tell(fmt::format("the job of {} ended after {}; starting it again", name_of(shard),
                         text::counted(progress.finished.size(), "case")));
        again.push_back(shard);
        continue;
      }
      give_up(shard, progress, fmt::format("was started {} times and never came to its end", progress.starts));
    }
    start(again);
    if (again.empty() && options_.worth_help) give_idle_machines_work(states);
  }

  void look_at_helpers(const std::map<int, JobState> &states) {
    for (auto &[job, helper] : helpers_) {
      if (helper.over) continue;
      const auto found = states.find(job);
      helper.over = found != states.end() && (found->second == JobState::ended || found->second == JobState::cancelled);
      read_results(helper.results, shards_.at(helper.shard).finished);
    }
  }

  void stop_jobs_of(int shard, JobState state) {
    if (state == JobState::waiting || state == JobState::running) launcher_.stop(shard);
    for (const auto &[job, helper] : helpers_) {
      if (helper.shard == shard && !helper.over) launcher_.stop(job);
    }
  }

  void give_idle_machines_work(const std::map<int, JobState> &states) {
    for (std::size_t idle = launcher_.idle(); idle > 0; --idle) {
      auto longest = shards_.end();
      Clock::duration most{};
      for (auto shard = shards_.begin(); shard != shards_.end(); ++shard) {
        const auto state = states.find(shard->first);
        if (state == states.end() || state->second != JobState::running || !can_be_helped(*shard)) continue;
        const auto left = time_left(shard->second);
        if (left >= *options_.worth_help && (longest == shards_.end() || left > most)) {
          longest = shard;
          most = left;
        }
      }
      if (longest == shards_.end()) return;
      help(longest->first, longest->second);
    }
  }

  bool can_be_helped(std::pair<const int, Progress> &each) const {
    auto &[shard, progress] = each;
    if (progress.done || progress.helpers >= kMostHelpers) return false;
    const bool has_help = std::any_of(helpers_.begin(), helpers_.end(), [shard = shard](const auto &one) {
      return one.second.shard == shard && !one.second.over;
    });
    if (has_help) return false;
    if (progress.size == 0) progress.size = size_of(shard);
    return progress.size >= progress.finished.size() + 2;
  }

  /// Returns how many results a shard has at its end, as far as its own list says; else 0.
  std::size_t size_of(int shard) const {
    if (!fs::exists(results_of(shard) / kManifestFile) || !fs::exists(results_of(shard) / kListFile)) return 0;
    const Results results = open_results(results_of(shard));
    std::size_t size = 0;
    read_case_list(results, [&](const ListedCase &one) { size += one.shard == static_cast<unsigned>(shard) ? 1 : 0; });
    return size * static_cast<std::size_t>(results.manifest.repeats);
  }

  /// Returns how long a shard still takes if it goes on as until now.
  static Clock::duration time_left(const Progress &progress) {
    if (!progress.running_since) return {};
    const auto ran = std::max<std::size_t>(1, progress.finished.size() - progress.had);
    return (Clock::now() - *progress.running_since) * (progress.size - progress.finished.size()) / ran;
  }

  void help(int shard, Progress &progress) {
    const int job = options_.shards + static_cast<int>(helpers_.size()) + 1;
    helpers_.try_emplace(job, shard, results_of(job));
    ++progress.helpers;
    tell(fmt::format("{} has {} left; a machine that has nothing to do helps from its end", name_of(shard),
                     text::counted(progress.size - progress.finished.size(), "case")));
    launcher_.start({{job, write_script(shard, job, progress.starts), log_of(job)}});
  }

  /// Tells once what `kmodtest unpack` says of machines that differ from this one.
  void tell_differences(int shard) {
    std::error_code none;
    if (!fs::exists(log_of(shard), none)) return;
    const std::string log = storage::read_whole_file(log_of(shard));
    for (const std::string &line : text::lines_of(log)) {
      if (!line.starts_with(kDifference) || !told_.insert(line).second) continue;
      tell(fmt::format("the machine of {}: {}", name_of(shard), line.substr(kDifference.size())));
    }
  }

  /// A job that has run cases before it ended gets its shard on: preempted ones can be many.
  bool is_worth_another_start(Progress &progress) const {
    progress.in_vain = progress.finished.size() > progress.had ? 0 : progress.in_vain + 1;
    return progress.in_vain < options_.starts;
  }

  void give_up(int shard, Progress &progress, const std::string &what) {
    progress.done = true;
    std::string place = log_of(shard).string(), error, said;
    std::error_code none;
    if (fs::exists(log_of(shard), none)) {
      const std::string log = storage::read_whole_file(log_of(shard));
      const auto lines = text::lines_of(log);
      const auto last = std::find_if(lines.rbegin(), lines.rend(),
                                     [](std::string_view line) { return line.find("error[K") != line.npos; });
      if (last != lines.rend()) error = fmt::format(" ({})", *last);
      for (std::size_t at = lines.size() - std::min(lines.size(), kShownLogLines); at < lines.size(); ++at)
        said += "\n  " + std::string(lines[at]);
    } else {
      place = fmt::format("nothing arrived in {}: do all machines share this folder?", options_.folder.string());
    }
    std::string problem = fmt::format("{} {} [{}]: {}{}{}", name_of(shard), what, base::name_of(base::Code::shard_lost),
                                      place, error, said);
    tell(problem.substr(0, problem.find('\n')));
    result_.problems.push_back(std::move(problem));
  }

  Launcher &launcher_;
  const ElsewhereOptions &options_;
  outcome::Listener &live_;
  std::map<int, Progress> shards_;
  std::map<int, Helper> helpers_;  ///< by job; the numbers follow those of the shards
  std::set<std::string> told_;
  Elsewhere result_;
};

class Once final : public outcome::Listener {
 public:
  explicit Once(outcome::Listener &listener) : listener_(listener) {}

  void on(const outcome::Event &event) override {
    if (const auto *finished = std::get_if<outcome::CaseFinished>(&event)) {
      if (!finished_.insert(finished->number).second) return;
      listener_.on(outcome::CaseStarted{finished->test_case, finished->repeat});
    } else if (const auto *notice = std::get_if<outcome::Notice>(&event)) {
      if (!notices_.insert(notice->text).second) return;
    } else if (std::holds_alternative<outcome::RunStarted>(event)) {
      if (std::exchange(started_, true)) return;
    } else if (std::holds_alternative<outcome::CaseStarted>(event) ||
               std::holds_alternative<outcome::CaseRetried>(event)) {
      return;
    }
    listener_.on(event);
  }

 private:
  outcome::Listener &listener_;
  std::set<std::size_t> finished_;
  std::set<std::string> notices_;
  bool started_ = false;
};

}  // namespace

Elsewhere run_elsewhere(Launcher &launcher, const ElsewhereOptions &options, outcome::Listener &live) {
  return Elsewheres(launcher, options, live).run();
}

int worthwhile_shards(const Cases &cases, const run::History &history, int most, outcome::Seconds work) {
  double all = 0;
  for (const auto &each : cases) {
    const auto expected = history.expected(*each);
    all += expected ? expected->count() : each->skip ? 0 : work.count();  // an unknown case can be long
  }
  const int enough = static_cast<int>(std::min(all / work.count(), static_cast<double>(cases.size())));
  return std::clamp(enough, 1, std::max(1, most));
}

std::unique_ptr<outcome::Listener> make_once(outcome::Listener &listener) {
  return std::make_unique<Once>(listener);
}

}  // namespace kmodtest::shards
