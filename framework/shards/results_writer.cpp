// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/results_writer.hpp"

#include <chrono>
#include <fmt/format.h>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "base/error.hpp"
#include "base/host_name.hpp"
#include "shards/archive.hpp"
#include "shards/case_codec.hpp"
#include "shards/layout.hpp"
#include "shards/manifest.hpp"
#include "shards/moved_paths.hpp"
#include "shards/records.hpp"
#include "shards/results_reader.hpp"
#include "storage/files.hpp"
#include "storage/free_name.hpp"
#include "storage/output_file.hpp"

namespace kmodtest::shards {

namespace {

namespace fs = std::filesystem;

/// Returns the folder in which the results grow.
fs::path folder_of(const fs::path &results) {
  return is_archive_name(results) ? fs::path(results.string() + ".folder") : results;
}

/// Deletes what an earlier run left in the folder. Throws base::UsageError if it contains anything else.
void clear_folder(const fs::path &folder) {
  std::error_code error;
  if (!fs::exists(folder, error)) return;
  if (!fs::exists(folder / kManifestFile, error) && !fs::is_empty(folder, error)) {
    throw base::UsageError(base::Code::foreign_folder,
                           fmt::format("'{}' contains files that kmodtest did not write", folder.string()),
                           "name a new or an empty folder with --results");
  }
  storage::remove_folder(folder);
}

class ResultsWriter final : public outcome::Listener {
 public:
  ResultsWriter(ResultsOptions options, const Split &split, std::shared_ptr<const run::History> history)
      : options_(std::move(options)),
        folder_(folder_of(options_.path)),
        numbers_(split.mine.numbers),
        history_(std::move(history)) {
    if (!options_.resume) clear_folder(folder_);
    storage::make_folder(folder_);
    manifest_.program = options_.version;
    manifest_.shard = split.shard.number;
    manifest_.of = split.shard.of;
    manifest_.plans = split.plans;
    manifest_.split = split.mine.split;
    manifest_.cases = split.all.size();
    manifest_.repeats = options_.repeats;
    manifest_.retries = options_.retries;
    manifest_.shuffle_seed = options_.shuffle_seed;
    manifest_.attempt = options_.attempt;
    manifest_.run = new_run_name();
    manifest_.started = milliseconds_now();
    manifest_.host = base::host_name();
    finished_before_ = options_.resume ? finished_in(folder_).size() : 0;
    storage::write_whole(folder_ / kListFile, case_list(split, options_.root));
    write_manifest();
    const std::string file = kFinishedPrefix + std::to_string(free_attempt());
    output_.emplace(folder_ / file, options_.path);
  }

  void on(const outcome::Event &event) override {
    if (const auto *started = std::get_if<outcome::RunStarted>(&event)) {
      manifest_.hypervisor = started->hypervisor;
      manifest_.workers = started->workers;
    } else if (const auto *notice = std::get_if<outcome::Notice>(&event)) {
      output_->write(pack_record(RecordKind::notice, notice->text));
    } else if (const auto *finished = std::get_if<outcome::CaseFinished>(&event)) {
      keep(*finished);
    } else if (const auto *end = std::get_if<outcome::RunFinished>(&event)) {
      finish(*end);
    }
  }

 private:
  /// Returns the first attempt from the present one on that has no file yet: two that run at once do not share one.
  int free_attempt() const {
    int attempt = options_.attempt;
    while (fs::exists(folder_ / (kFinishedPrefix + std::to_string(attempt)))) ++attempt;
    return attempt;
  }

  void write_manifest() const { storage::write_whole(folder_ / kManifestFile, manifest_text(manifest_)); }

  void keep(const outcome::CaseFinished &finished) {
    KeptCase kept{history_->key_of(*finished.test_case), finished};
    settle(kept.finished);
    for (outcome::CaseFinished &earlier : kept.finished.earlier) settle(earlier);
    if (finished.unlike) {
      outcome::CaseFinished unlike = *finished.unlike;
      unlike.unlike.reset();
      unlike.earlier.clear();
      settle(unlike);
      kept.finished.unlike = std::make_shared<outcome::CaseFinished>(std::move(unlike));
    }
    output_->write(pack_record(RecordKind::finished, encode(kept)));
    ++manifest_.finished;
  }

  /// Replaces what only this machine and this shard know.
  void settle(outcome::CaseFinished &finished) {
    const auto repeats = static_cast<std::size_t>(options_.repeats);
    finished.number = numbers_.at(finished.number / repeats) * repeats + finished.number % repeats;
    if (!finished.artifacts.empty()) finished.artifacts = take_folder(finished.artifacts);
    remove_root(finished, options_.root);
  }

  /// Links the files of a case's folder, or copies them. Returns the folder's name in the results.
  fs::path take_folder(const fs::path &folder) {
    if (const auto known = folders_.find(folder); known != folders_.end()) return known->second;
    std::error_code error;
    if (!fs::is_directory(folder, error)) return {};
    const std::string name = storage::free_name(
        folder.filename().string(), [this](const std::string &each) { return !fs::exists(folder_ / kFolders / each); });
    const fs::path place = fs::path(kFolders) / name;
    storage::make_folder(folder_ / kFolders);
    fs::copy(folder, folder_ / place, fs::copy_options::recursive | fs::copy_options::create_hard_links, error);
    if (error) {  // another file system
      storage::remove_folder(folder_ / place);
      fs::copy(folder, folder_ / place, fs::copy_options::recursive, error);
    }
    if (error) {
      throw base::Error(
          base::Code::cannot_write,
          fmt::format("cannot copy '{}' into '{}': {}", folder.string(), options_.path.string(), error.message()),
          "free some space there, or name another place with --results");
    }
    folders_.emplace(folder, place);
    return place;
  }

  void finish(const outcome::RunFinished &end) {
    output_->sync_and_close();
    manifest_.ended = milliseconds_now();
    manifest_.took = end.took.count();
    manifest_.interrupted = end.interrupted;
    manifest_.finished += finished_before_;
    write_manifest();
    if (!is_archive_name(options_.path)) return;
    pack_archive(folder_, files_below(folder_), options_.path);
    storage::remove_folder(folder_);
  }

  ResultsOptions options_;
  fs::path folder_;
  std::vector<std::size_t> numbers_;
  std::shared_ptr<const run::History> history_;
  Manifest manifest_;
  std::size_t finished_before_ = 0;
  std::optional<storage::OutputFile> output_;
  std::map<fs::path, fs::path> folders_;  ///< of this run → in the results
};

}  // namespace

std::size_t leave_out_finished(Split &split, const ResultsOptions &options) {
  const fs::path folder = folder_of(options.path);
  if (!options.resume || !fs::exists(folder / kManifestFile)) return 0;
  const Results before = open_results(folder);
  check_same_run(before, options.version, split);
  const std::set<std::size_t> finished = finished_in(folder);
  const auto repeats = static_cast<std::size_t>(options.repeats);
  run::ShardCases left = split.mine;
  left.cases.clear();
  left.numbers.clear();
  for (std::size_t index = 0; index < split.mine.cases.size(); ++index) {
    const std::size_t number = split.mine.numbers[index];
    bool whole = true;
    for (std::size_t repeat = 0; repeat < repeats; ++repeat) whole &= finished.contains(number * repeats + repeat);
    if (whole) continue;
    left.cases.push_back(split.mine.cases[index]);
    left.numbers.push_back(number);
  }
  const std::size_t left_out = split.mine.cases.size() - left.cases.size();
  split.mine = std::move(left);
  return left_out;
}

std::unique_ptr<outcome::Listener> make_results(ResultsOptions options, const Split &split,
                                                std::shared_ptr<const run::History> history) {
  return std::make_unique<ResultsWriter>(std::move(options), split, std::move(history));
}

}  // namespace kmodtest::shards
