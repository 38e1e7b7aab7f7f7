// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "outcome/event.hpp"
#include "report/formats/ktap_cases.hpp"
#include "run/exit_code.hpp"
#include "run/select/history.hpp"
#include "shards/folder_places.hpp"
#include "shards/results_reader.hpp"

namespace kmodtest::shards {

struct MergeOptions {
  bool keys_by_path = false;              ///< the history knows the cases by their plans' paths on this machine
  std::vector<std::string> notices;       ///< told at the beginning
  bool shards_had_help = false;           ///< several results of a shard are parts of one run of it
  bool interrupted = false;               ///< a signal ended the run: cases without a result did not run
  std::filesystem::path folders;          ///< for the folders of cases; empty: they stay in the results
  std::shared_ptr<FolderPlaces> places;   ///< which of them have a place there already; null: none
  std::shared_ptr<run::History> history;  ///< to which the runs are added; null: none
};

/// Throws base::UsageError if these are not results of one run, or if two are copies of one. `version` is that of this
/// kmodtest.
void check_one_run(const std::vector<Results> &results, const std::string &version);

/// The results of all shards of a run, made one: the events of one machine that ran all cases.
///
/// If a shard has several results, the last one counts: that of the highest attempt, and among equal ones that with the
/// latest time stamp. Case by case: what the last one has no result of counts from the one before. A case that failed
/// in one of them and passed in a later one is flaky. One case at a time is in memory.
class Merge {
 public:
  /// check_one_run() has accepted the results.
  Merge(std::vector<Results> results, MergeOptions options);

  /// Returns the names of all cases.
  report::KtapCases names() const;
  int repeats() const { return first().repeats; }

  /// Tells the listeners everything. Cases without a result are Errored, unless their shard ended without running them
  /// (--fail-fast).
  run::RunResult tell(const std::vector<outcome::Listener *> &listeners);

 private:
  using Attempts = std::vector<Results>;  ///< of one shard, the one that counts last
  struct Retried;

  const Manifest &first() const { return shards_.begin()->second.front().manifest; }
  void emit(const outcome::Event &event) const;
  void begin();
  void tell_about(const Attempts &attempts);
  Retried look_at(const Attempts &attempts) const;
  void tell_one(const Results &results, std::size_t attempt, const Retried &retried);
  void finish_case(KeptCase kept, const Results &results);
  void tell_about_missing();
  void tell_of_missing(std::size_t number, const ListedCase &listed);
  /// Passes on each case once. One that is on no list that can be read is known by its number only.
  void for_each_listed(const std::function<void(ListedCase listed)> &take) const;
  std::filesystem::path place_of(const std::filesystem::path &folder, const Results &results);
  void take_folder_file(const std::filesystem::path &name, std::uint32_t mode, const ReadBlock &read);

  MergeOptions options_;
  std::map<int, Attempts> shards_;
  std::vector<outcome::Listener *> listeners_;
  std::vector<bool> seen_;
  std::map<std::filesystem::path, std::filesystem::path> places_;  ///< of the present result: folder → its place
  std::vector<std::string> notices_;                               ///< told already
  std::map<int, std::string> problems_;                            ///< of shards
  run::RunResult result_;
  outcome::Seconds longest_{0};
};

}  // namespace kmodtest::shards
