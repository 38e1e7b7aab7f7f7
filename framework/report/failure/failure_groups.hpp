// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "outcome/event.hpp"

namespace kmodtest::report {

/// Finds failures that several points of a plan's matrix, or several runs of a case, have in common: they are shown
/// once.
class FailureGroups {
 public:
  using Point = std::map<std::string, std::string>;

  /// One finished case. Failures are the same if outcome, step and reason are, apart from numbers in the reason.
  struct Member {
    std::size_t number = 0;        ///< CaseFinished::number
    std::string label;             ///< "ex7_4 [cpus=2]"
    std::uint32_t plan = 0;        ///< number of the plan, whose points have things in common
    std::uint32_t failure = 0;     ///< number of the failure; 0: it went well
    const Point *point = nullptr;  ///< never null
  };

  /// Adds a finished case. Returns its place here, by which the functions below know it.
  std::size_t add(const outcome::CaseFinished &finished);

  /// Returns the first case that failed in the same way as this one; null if there was none before it.
  const Member *first_of(std::size_t place) const;

  /// Returns where a failure that several points have in common came, and where it did not: "with cpus=2, 4; not with
  /// cpus=1". Empty for other cases.
  std::string points_of(std::size_t place) const;

 private:
  /// A run can have 100,000 cases, of few plans and with few different points: what they share is kept once.
  std::vector<Member> members_;
  std::set<Point> points_;
  std::map<std::string, std::uint32_t> plans_, failures_;
  std::vector<std::vector<std::size_t>> of_plan_;                            ///< places of a plan's cases
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> first_of_;  ///< plan and failure → place
};

}  // namespace kmodtest::report
