// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/merge.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <set>
#include <sys/stat.h>
#include <tuple>
#include <utility>

#include "base/error.hpp"
#include "outcome/result.hpp"
#include "shards/layout.hpp"
#include "storage/files.hpp"
#include "storage/output_file.hpp"

namespace kmodtest::shards {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kOutcomes = static_cast<std::size_t>(judge::Outcome::skipped) + 1;
constexpr const char *kStopNotice = "interrupted: ";  ///< of a job that had run what another one had not
constexpr const char *kShardNotice = "shard ";        ///< the start of a notice that only its own shard needs

/// Returns when a result ended, as far as its host's clock knows; when it began if it did not end.
std::int64_t stamp_of(const Manifest &manifest) {
  return manifest.complete() ? manifest.ended : manifest.started;
}

bool counts_before(const Results &left, const Results &right) {
  const auto rank = [](const Manifest &manifest) {
    return std::tuple(manifest.attempt, stamp_of(manifest), manifest.run);
  };
  return rank(left.manifest) < rank(right.manifest);
}

void check_for_copies(const std::vector<Results> &all) {
  std::map<std::string, const Results *> by_run;
  for (const Results &each : all) {
    const auto [known, is_new] = by_run.emplace(each.manifest.run, &each);
    if (is_new) continue;
    throw base::UsageError(base::Code::results_twice,
                           fmt::format("'{}' and '{}' are the same result of shard {}/{}", known->second->path.string(),
                                       each.path.string(), each.manifest.shard, each.manifest.of),
                           "name each result once");
  }
}

/// Returns a verdict for a case that no result has.
judge::Verdict verdict_without_result(const std::string &summary, base::Code code, const std::string &hint) {
  judge::Evidence evidence;
  evidence.summary = summary;
  evidence.code = code;
  evidence.hint = hint;
  judge::Verdict verdict;
  verdict.outcome = judge::Outcome::errored;
  verdict.evidence.push_back(std::move(evidence));
  return verdict;
}

}  // namespace

/// What is known of a shard with several results before its first case is reported.
struct Merge::Retried {
  std::map<std::size_t, std::size_t> last;                             ///< case → the result that counts
  std::map<std::size_t, std::vector<outcome::CaseFinished>> failures;  ///< case → those before it that did not pass
};

void check_one_run(const std::vector<Results> &results, const std::string &version) {
  for (const Results &each : results) check_same_run(each, version, results.front());
  check_for_copies(results);
}

Merge::Merge(std::vector<Results> results, MergeOptions options) : options_(std::move(options)) {
  if (!options_.places) options_.places = std::make_shared<FolderPlaces>(options_.folders);
  for (Results &each : results) shards_[each.manifest.shard].push_back(std::move(each));
  for (auto &[shard, attempts] : shards_) std::sort(attempts.begin(), attempts.end(), counts_before);
}

void Merge::for_each_listed(const std::function<void(ListedCase)> &take) const {
  std::vector<bool> listed(first().cases, false);
  std::size_t left = listed.size();
  const auto take_new = [&](ListedCase one) {
    if (one.number >= listed.size() || listed[one.number]) return;
    listed[one.number] = true;
    --left;
    take(std::move(one));
  };
  for (const auto &[shard, attempts] : shards_) {
    for (const Results &each : attempts) {
      if (left > 0) read_case_list(each, take_new);
    }
  }
  for (std::size_t number = 0; number < listed.size(); ++number) {
    if (listed[number]) continue;
    ListedCase unknown;
    unknown.number = number;
    unknown.shard = 0;
    unknown.test_case.plan_name = "unknown";
    unknown.test_case.id = fmt::format("case {}", number + 1);
    take(std::move(unknown));
  }
}

report::KtapCases Merge::names() const {
  report::KtapCases names(first().cases);
  for_each_listed([&names](const ListedCase &listed) { names.set(listed.number, listed.test_case); });
  return names;
}

void Merge::emit(const outcome::Event &event) const {
  for (outcome::Listener *listener : listeners_) listener->on(event);
}

void Merge::begin() {
  outcome::RunStarted started;
  started.cases = first().cases;
  started.repeats = first().repeats;
  started.shuffle_seed = first().shuffle_seed;
  started.workers = 0;
  for (const auto &[shard, attempts] : shards_) {
    const Manifest &manifest = attempts.back().manifest;
    started.workers += manifest.workers;
    if (started.hypervisor.empty()) started.hypervisor = manifest.hypervisor;
  }
  emit(started);
  for (const std::string &notice : options_.notices) emit(outcome::Notice{notice});
  for (const auto &[shard, attempts] : shards_) {
    for (const Results &each : attempts) {
      const Manifest &manifest = each.manifest;
      if (manifest.complete() && manifest.ended < manifest.started) {
        emit(
            outcome::Notice{fmt::format("the clock of {} ran backwards while shard {}/{} ran: its times of day are "
                                        "wrong, its durations are right",
                                        manifest.host, shard, manifest.of)});
      }
    }
    if (attempts.size() > 1 && !options_.shards_had_help) {
      emit(outcome::Notice{fmt::format("shard {}/{} has {} results; attempt {} of {} counts", shard, first().of,
                                       attempts.size(), attempts.back().manifest.attempt,
                                       attempts.back().manifest.host)});
    }
  }
}

run::RunResult Merge::tell(const std::vector<outcome::Listener *> &listeners) {
  listeners_ = listeners;
  seen_.assign(first().cases * static_cast<std::size_t>(first().repeats), false);
  result_.by_outcome.assign(kOutcomes, 0);
  begin();
  for (const auto &[shard, attempts] : shards_) tell_about(attempts);
  tell_about_missing();
  outcome::RunFinished finished;
  finished.took = longest_;
  finished.by_outcome = result_.by_outcome;
  finished.flaky = result_.flaky;
  finished.not_run = result_.not_run;
  finished.interrupted = result_.interrupted = options_.interrupted;
  if (options_.history && !options_.history->save())
    emit(outcome::Notice{"the history could not be saved: its folder cannot be written, or its disk is full"});
  emit(finished);
  return result_;
}

void Merge::tell_about(const Attempts &attempts) {
  const Retried retried = look_at(attempts);
  for (std::size_t index = 0; index < attempts.size(); ++index) {
    longest_ = std::max(longest_, outcome::Seconds(attempts[index].manifest.took));
    tell_one(attempts[index], index, retried);
  }
}

Merge::Retried Merge::look_at(const Attempts &attempts) const {
  Retried retried;
  if (attempts.size() < 2) return retried;
  for (std::size_t index = 0; index < attempts.size(); ++index) {
    ResultsSink sink;
    sink.take_case = [&](const KeptCase &kept) { retried.last[kept.finished.number] = index; };
    read_results(attempts[index], sink);
  }
  for (std::size_t index = 0; index + 1 < attempts.size(); ++index) {
    ResultsSink sink;
    sink.take_case = [&](KeptCase kept) {
      const std::size_t number = kept.finished.number;
      if (retried.last[number] == index || outcome::went_well(outcome::result_of(kept.finished))) return;
      auto &failures = retried.failures[number];
      for (outcome::CaseFinished &earlier : kept.finished.earlier) failures.push_back(std::move(earlier));
      kept.finished.earlier.clear();
      failures.push_back(std::move(kept.finished));
    };
    read_results(attempts[index], sink);
  }
  return retried;
}

void Merge::tell_one(const Results &results, std::size_t attempt, const Retried &retried) {
  places_.clear();
  ResultsSink sink;
  sink.take_case = [&](KeptCase kept) {
    const std::size_t number = kept.finished.number;
    if (number >= seen_.size() || seen_[number]) return;
    if (const auto last = retried.last.find(number); last != retried.last.end() && last->second != attempt) return;
    if (const auto found = retried.failures.find(number); found != retried.failures.end()) {
      std::vector<outcome::CaseFinished> all = found->second;
      for (outcome::CaseFinished &each : all) each.artifacts.clear();  // they are in another result
      for (outcome::CaseFinished &earlier : kept.finished.earlier) all.push_back(std::move(earlier));
      int count = 0;
      for (outcome::CaseFinished &each : all) each.attempt = ++count;
      kept.finished.attempt = count + 1;
      kept.finished.earlier = std::move(all);
    }
    finish_case(std::move(kept), results);
  };
  sink.take_notice = [&](const std::string &notice) {
    if (notice.starts_with(kShardNotice)) return;
    if (options_.shards_had_help && !options_.interrupted && notice.starts_with(kStopNotice)) return;
    if (std::find(notices_.begin(), notices_.end(), notice) != notices_.end()) return;
    notices_.push_back(notice);
    emit(outcome::Notice{notice});
  };
  if (!options_.folders.empty()) {
    sink.take_file = [this](const fs::path &name, std::uint32_t mode, const ReadBlock &read) {
      take_folder_file(name, mode, read);
    };
  }
  const std::string problem = read_results(results, sink);
  if (problem.empty()) return;
  problems_[results.manifest.shard] = problem;
  emit(outcome::Notice{fmt::format("'{}' (shard {}/{}) is damaged or cut off [{}]: {}", results.path.string(),
                                   results.manifest.shard, results.manifest.of,
                                   base::name_of(base::Code::damaged_results), problem)});
}

fs::path Merge::place_of(const fs::path &folder, const Results &results) {
  if (folder.empty()) return {};
  if (options_.folders.empty()) {
    return is_archive_name(results.path) ? fs::path() : fs::absolute(results.path / folder).lexically_normal();
  }
  return places_[folder] = options_.places->of(results.path / folder);
}

void Merge::take_folder_file(const fs::path &name, std::uint32_t mode, const ReadBlock &read) {
  const fs::path inside = name.lexically_relative(kFolders);
  const auto place = places_.find(fs::path(kFolders) / *inside.begin());
  if (place == places_.end()) return;
  const fs::path file = place->second / name.lexically_relative(place->first);
  storage::make_folder(file.parent_path());
  storage::OutputFile output(file, file);
  for (std::string_view block = read(); !block.empty(); block = read()) output.write(block);
  output.sync_and_close();
  ::chmod(file.c_str(), mode & 0777U);
}

void Merge::finish_case(KeptCase kept, const Results &results) {
  outcome::CaseFinished &finished = kept.finished;
  seen_[finished.number] = true;
  settle_folders(finished, [&](const fs::path &folder) { return place_of(folder, results); });
  const run::History::Time at{std::chrono::milliseconds(stamp_of(results.manifest))};
  const auto remember = [&](const outcome::CaseFinished &each) {
    if (!options_.history || !outcome::had_a_guest(each)) return;
    const std::string key = options_.keys_by_path ? options_.history->key_of(*each.test_case) : kept.history_key;
    options_.history->add(key, each.took - each.timings.build, each.verdict.outcome, at);
  };
  emit(outcome::CaseStarted{finished.test_case, finished.repeat});
  const int attempts = std::max(finished.attempt, results.manifest.retries + 1);
  for (const outcome::CaseFinished &earlier : finished.earlier) {
    remember(earlier);
    emit(outcome::CaseRetried{earlier, attempts});
  }
  remember(finished);
  if (finished.flaky()) {
    ++result_.flaky;
  } else {
    ++result_.by_outcome[static_cast<std::size_t>(finished.verdict.outcome)];
  }
  emit(finished);
}

void Merge::tell_of_missing(std::size_t number, const ListedCase &listed) {
  const int shard = static_cast<int>(listed.shard);
  const auto attempts = shards_.find(shard);
  const std::string name = shard == 0 ? "its shard" : fmt::format("shard {}/{}", shard, first().of);
  KeptCase kept;
  outcome::CaseFinished &finished = kept.finished;
  if (attempts == shards_.end()) {
    finished.verdict =
        verdict_without_result(name + " has no results", base::Code::shard_missing, "run this shard, and merge again");
  } else {
    const Results &last = attempts->second.back();
    const bool damaged = problems_.contains(shard);
    if (last.manifest.complete() && !last.manifest.interrupted && !damaged) {
      ++result_.not_run;
      return;
    }
    finished.verdict = verdict_without_result(
        fmt::format("{} ended before this case had a result ('{}')", name, last.path.string()),
        damaged ? base::Code::damaged_results : base::Code::shard_missing, "run this shard again, and merge again");
  }
  finished.test_case = std::make_shared<plan::Case>(listed.test_case);
  finished.number = number;
  finished.repeat = static_cast<int>(number % static_cast<std::size_t>(first().repeats)) + 1;
  finish_case(std::move(kept), shards_.begin()->second.front());
}

void Merge::tell_about_missing() {
  const auto missing = static_cast<std::size_t>(std::count(seen_.begin(), seen_.end(), false));
  if (options_.interrupted) result_.not_run += missing;
  if (missing == 0 || options_.interrupted) return;
  const auto repeats = static_cast<std::size_t>(first().repeats);
  for_each_listed([&](const ListedCase &listed) {
    for (std::size_t number = listed.number * repeats; number < (listed.number + 1) * repeats; ++number) {
      if (!seen_[number]) tell_of_missing(number, listed);
    }
  });
}

}  // namespace kmodtest::shards
