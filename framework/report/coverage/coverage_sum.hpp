// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "observe/coverage.hpp"
#include "outcome/event.hpp"

namespace kmodtest::report {

/// Adds up the coverage of a run's cases, repeats and earlier attempts included.
class CoverageSum {
 public:
  void add(const outcome::CaseFinished &finished) {
    if (finished.coverage) {
      observe::add(sum_, *finished.coverage);
      measured_ = true;
    }
    for (const outcome::CaseFinished &attempt : finished.earlier) add(attempt);
  }
  /// Returns false if coverage was not asked for.
  bool measured() const { return measured_; }
  const observe::Coverage &sum() const { return sum_; }

 private:
  observe::Coverage sum_;
  bool measured_ = false;
};

}  // namespace kmodtest::report
