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
  std::vector<double> seconds;        ///< wall time without building
  std::vector<std::string> outcomes;  ///< of the same runs: "passed", "failed"…
  std::int64_t updated = 0;           ///< seconds since the epoch
};

/// What a case is known by: a digest of its plan's path (of its modules' without a plan) and its id. So plans of one
/// name in two folders do not mix, and a plan that was edited is still the same.
std::string history_key(const plan::Case &test_case);

/// How long cases took and how they ended, kept in a file of the cache for the order of later runs, and for reports to
/// compare with. It never fails a
/// run: a file that is missing, damaged or of another version is an empty history, and one that cannot be written is
/// left as it is.
class History {
 public:
  static constexpr std::size_t kRuns = 20;       ///< kept of a case
  static constexpr std::size_t kExpects = 5;     ///< of these, what expected() looks at
  static constexpr std::size_t kCases = 10'000;  ///< kept at all; those that did not run for longest are dropped

  using Time = std::chrono::system_clock::time_point;

  /// Reads the file.
  explicit History(std::filesystem::path file);

  /// Nothing for a case that the file did not know when it was read.
  const CaseRecord *find(const plan::Case &test_case) const;
  /// The median of what its last kExpects runs took.
  std::optional<outcome::Seconds> expected(const plan::Case &test_case) const;

  /// Remembers a run for save(); what find() and expected() say stays as it was read.
  void add(const plan::Case &test_case, outcome::Seconds took, judge::Outcome outcome, Time at = Time::clock::now());
  /// Adds what was remembered to what the file holds by now, under a lock: other processes write it as well. False when
  /// it could not be written.
  bool save();

 private:
  using Records = std::map<std::string, CaseRecord>;
  static Records read(const std::filesystem::path &file);
  static void keep_the_newest(Records &records);

  std::filesystem::path file_;
  Records records_;  ///< as read
  Records added_;    ///< since then
};

}  // namespace kmodtest::run
