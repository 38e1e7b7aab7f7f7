// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "outcome/event.hpp"

namespace kmodtest::report {

/// Finds failures that several points of a plan's matrix, or several runs of a case, have in common: they are shown
/// once.
class FailureGroups {
 public:
  /// One finished case. Failures are the same if outcome, step and reason are, apart from numbers in the reason.
  struct Member {
    std::size_t number = 0;  ///< CaseFinished::number
    std::string label;       ///< "ex7_4 [cpus=2]"
    std::string plan;        ///< what the points of one plan have in common
    std::map<std::string, std::string> point;
    std::string failure;  ///< empty: it went well
  };

  /// Adds a finished case. Returns its place here, by which the functions below know it.
  std::size_t add(const outcome::CaseFinished &finished);

  /// Returns the first case that failed in the same way as this one; null if there was none before it.
  const Member *first_of(std::size_t place) const;

  /// Returns where a failure that several points have in common came, and where it did not: "with cpus=2, 4; not with
  /// cpus=1". Empty for other cases.
  std::string points_of(std::size_t place) const;

 private:
  /// Returns the cases of this one's plan.
  std::vector<const Member *> plan_of(const Member &member) const;

  std::vector<Member> members_;
};

}  // namespace kmodtest::report
