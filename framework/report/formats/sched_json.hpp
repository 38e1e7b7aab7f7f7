// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <nlohmann/json.hpp>

#include "observe/sched/sched.hpp"

namespace kmodtest::report {

/// What a trace of the scheduler comes to, thread by thread; none of its events. Times are seconds.
nlohmann::ordered_json sched_json(const observe::SchedTimeline &timeline);

}  // namespace kmodtest::report
