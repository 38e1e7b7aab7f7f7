// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <vector>

#include "judge/always.hpp"
#include "judge/finding.hpp"

/// What a plan says will go wrong (`expect`), compared with what did.
namespace kmodtest::judge {

/// True when a pattern of the plan fits the report's description.
bool is_expected(const plan::Case &test_case, const observe::KernelReport &report);

/// The reports that the plan expects and that came.
std::vector<Finding> expected_reports(const CaseView &view, const SeenReports &seen);

/// A finding for each pattern of a report that did not come.
std::vector<Finding> missing_reports(const CaseView &view, const SeenReports &seen);

/// What an expected report may take with it: the guest, a process, or time without end. What comes after is its doing.
class Consequences {
 public:
  Consequences(const CaseView &view, const SeenReports &seen);

  bool any() const { return any_; }
  /// True for a step that cannot have gone on: an action, or one that hung, in or behind the step of the report.
  bool explain(const CaseView &view, const Finding &step) const;
  /// True for an end of the guest that the report has brought about.
  bool explain(Ending::Kind ending) const;

 private:
  bool any_ = false;
  std::optional<std::size_t> since_;  ///< the report's step; nothing: not known
};

/// True once every expected report has come, no other one did, and one of them ends or stops the guest.
bool all_came(const plan::Case &test_case, const std::vector<observe::KernelReport> &reports);

/// The verdict of a case that was judged as any other, in the light of what its plan expects: Passed with `came`, or
/// Failed with what was expected in front of the evidence. What could not be judged stays Errored. `reports` are the
/// expected ones that came.
Verdict compared(const plan::Case &test_case, Verdict verdict, std::vector<Finding> reports);

}  // namespace kmodtest::judge
