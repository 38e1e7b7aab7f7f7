// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <vector>

#include "judge/always.hpp"
#include "judge/finding.hpp"

/// Compares the failure that a plan expects (`expect`) with what happened.
namespace kmodtest::judge {

/// Returns true if a pattern of the plan matches the report's description.
bool is_expected(const plan::Case &test_case, const observe::KernelReport &report);

/// Returns the reports that the plan expects and that occurred.
std::vector<Finding> expected_reports(const CaseView &view, const SeenReports &seen);

/// Returns a finding for each pattern of a report that did not occur.
std::vector<Finding> missing_reports(const CaseView &view, const SeenReports &seen);

/// The consequences that an expected report excuses: the end of the guest, of a process, or of progress.
class Consequences {
 public:
  Consequences(const CaseView &view, const SeenReports &seen);

  bool any() const { return any_; }
  /// Returns true for a step that cannot have continued: an action, or one that hung, in or after the step of the
  /// report.
  bool explain(const CaseView &view, const Finding &step) const;
  /// Returns true for an end of the guest that the report has caused.
  bool explain(Ending::Kind ending) const;

 private:
  bool any_ = false;
  std::optional<std::size_t> since_;  ///< the report's step; nothing if not known
};

/// Returns true once every expected report has occurred, no other one did, and one of them ends or stops the guest.
bool all_came(const plan::Case &test_case, const std::vector<observe::KernelReport> &reports);

/// Compares the verdict of a case, judged without regard to its expectation, with what its plan expects. Returns Passed
/// with `came`, or Failed with the expectation before the other evidence. A case that could not be judged stays
/// Errored. `reports` are the expected ones that occurred.
Verdict compared(const plan::Case &test_case, Verdict verdict, std::vector<Finding> reports);

}  // namespace kmodtest::judge
