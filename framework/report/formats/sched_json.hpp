// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "observe/sched/sched.hpp"
#include "text/json_forward.hpp"

namespace kmodtest::report {

/// Returns a summary of a scheduler trace, thread by thread, without single events. Times are seconds.
text::Json sched_json(const observe::SchedTimeline &timeline);

}  // namespace kmodtest::report
