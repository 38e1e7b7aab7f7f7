// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "judge/evidence.hpp"
#include "judge/outcome.hpp"

namespace kmodtest::plan {
struct Case;
}
namespace kmodtest::wire {
struct KernelLogLine;
}

/// Turns observations into a verdict with evidence: no I/O, no clock.
namespace kmodtest::judge {

struct Observations;

/// Returns the verdict of a case. A kernel report outranks a step that did not hold; an unknown is never a pass. The
/// result takes into account which failure the plan expects.
Verdict judge(const plan::Case &test_case, const Observations &seen);

/// Returns the outcome as if the plan expected no failure.
Outcome what_happened(const plan::Case &test_case, const Observations &seen);

/// Returns whether looking at the guest from outside could add something: it hangs, or a step timed out while tasks
/// sleep that nothing can wake.
bool wants_dissection(const plan::Case &test_case, const Observations &seen);

/// Returns true once a kernel report has settled the outcome and nothing useful can follow: the guest can be stopped.
/// `log` is that of `seen`, which can be long.
bool decided_early(const plan::Case &test_case, const Observations &seen, const std::vector<wire::KernelLogLine> &log);

/// Returns true once the log has an oops that has killed a task, with its last line: nothing of the report is still on
/// its way. `log` as for decided_early().
bool oops_is_whole(const plan::Case &test_case, const Observations &seen, const std::vector<wire::KernelLogLine> &log);

}  // namespace kmodtest::judge
