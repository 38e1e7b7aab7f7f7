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

/// Observations in, verdict and evidence out: no I/O, no clock.
namespace kmodtest::judge {

struct Observations;

/// The verdict of a case. A kernel report outranks a step that did not hold; an unknown is never a pass. What the plan
/// expects to go wrong has been compared with what did.
Verdict judge(const plan::Case &test_case, const Observations &seen);

/// The outcome as if the plan expected nothing to go wrong.
Outcome what_happened(const plan::Case &test_case, const Observations &seen);

/// Whether a look at the guest from outside could tell more: it hangs, or a step ran out of time while tasks sleep that
/// nobody can wake.
bool wants_dissection(const plan::Case &test_case, const Observations &seen);

/// True once a report of the kernel has settled the outcome and nothing of use is to come: the guest may be stopped.
/// `log` is that of `seen`, which may be long.
bool decided_early(const plan::Case &test_case, const Observations &seen, const std::vector<wire::KernelLogLine> &log);

}  // namespace kmodtest::judge
