// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "judge/outcome.hpp"
#include "outcome/event.hpp"
#include "plan/plan.hpp"

namespace kmodtest::run {

/// The last runs of a case, the oldest first.
struct CaseRecord {
  std::vector<double> seconds;           ///< wall time without building
  std::vector<judge::Outcome> outcomes;  ///< of the same runs
  std::int64_t updated = 0;              ///< seconds since the epoch
};

/// Returns the key of a case: a digest of its plan's path (of its modules' without a plan), and its id. So plans with
/// one name in two folders are not confused, and a plan keeps its history when it is edited.
/// Within `root`, the path counts from there: a history that travels with a project fits every copy of it.
std::string history_key(const plan::Case &test_case, const std::filesystem::path &root = {});

/// Returns false for a file that is something else than a history: History::save() would replace it. One that is
/// missing, empty or cut off is a history that knows nothing. Throws base::Error if the file cannot be read.
bool can_be_history(const std::filesystem::path &file);

/// How long cases took and how they ended, kept in a file of the cache for the order of later runs, and for reports to
/// compare with. It never fails a run: a file that is missing, damaged or of another version is an empty history, and a
/// file that cannot be written stays unchanged.
class History {
 public:
  static constexpr std::size_t kRuns = 20;                   ///< kept per case
  static constexpr std::size_t kExpects = 5;                 ///< of these, the latest ones that expected() uses
  static constexpr std::size_t kCases = 10'000;              ///< kept in total; the longest unused ones are dropped
  static constexpr std::size_t kCasesOfProject = 1'000'000;  ///< the same for a history of one project

  using Time = std::chrono::system_clock::time_point;

  /// Reads the file. `root`: the folder of the project whose history this is; empty: it is of all projects.
  explicit History(std::filesystem::path file, std::filesystem::path root = {});

  std::string key_of(const plan::Case &test_case) const { return history_key(test_case, root_); }

  /// Returns nothing for a case that the file did not contain when it was read.
  const CaseRecord *find(const plan::Case &test_case) const;
  /// Returns the median time of its last kExpects runs.
  std::optional<outcome::Seconds> expected(const plan::Case &test_case) const;

  /// Remembers a run for save(); does not change the results of find() and expected().
  void add(const plan::Case &test_case, outcome::Seconds took, judge::Outcome outcome, Time at = Time::clock::now());
  /// Remembers a run of the case with this key, as above.
  void add(const std::string &key, outcome::Seconds took, judge::Outcome outcome, Time at);
  /// Adds the remembered runs to the present content of the file, under a lock: other processes write it as well.
  /// Returns false if it could not be written.
  bool save();

 private:
  using Records = std::map<std::string, CaseRecord>;
  static Records read(const std::filesystem::path &file);
  void keep_the_newest(Records &records) const;
  std::filesystem::path lock_file() const;

  std::filesystem::path file_, root_;
  Records records_;  ///< as read
  Records added_;    ///< since then
};

}  // namespace kmodtest::run
