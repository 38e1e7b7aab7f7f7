// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "outcome/event.hpp"
#include "outcome/result.hpp"
#include "report/terminal/palette.hpp"

namespace kmodtest::report {

/// A case of one implementation; of its repeats the worst result and the fewest points.
struct Score {
  std::string plan, id;
  std::vector<plan::Implementation> implementations = {};
  outcome::Result result = outcome::Result::errored;
  std::uint32_t points = 0, most_points = 0;
};

/// Collects who passed what: the cases, in the order of the plans.
class Scores {
 public:
  void add(const outcome::CaseFinished &finished);
  std::vector<Score> all() const;

 private:
  std::map<std::size_t, Score> by_number_;  ///< of a case's first repeat
};

/// Returns the parts of these paths in which they differ: "anna", "ben" for "students/anna/lab", "students/ben/lab".
std::vector<std::string> distinct_parts(const std::vector<std::string> &paths);

/// A table of the implementations (--module NAME=PATH) × plans, with points if any step has them.
class ScoreTable {
 public:
  void add(const outcome::CaseFinished &finished) {
    if (!finished.test_case->implementations.empty()) scores_.add(finished);
  }
  /// Returns nothing if no case has an implementation.
  std::string render(const Palette &palette) const;

 private:
  Scores scores_;
};

}  // namespace kmodtest::report
