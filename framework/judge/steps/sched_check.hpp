// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "observe/sched/sched_figures.hpp"
#include "plan/plan.hpp"
#include "wire/records.hpp"

/// What a sched step asks of a trace, evaluated over records. docs/guide/writing-plans.md says what each key proves.
namespace kmodtest::judge {

/// The first thing that does not hold.
struct SchedFault {
  std::string why;                         ///< one clause: "ex7_4 ran on CPU 1 for 1.003 ms, at 1843.220114"
  std::string expected;                    ///< of this key
  std::optional<observe::Nanoseconds> at;  ///< the moment that it is about
};

/// Nothing when all of it holds in the window. `nodes` are those of the guest.
std::optional<SchedFault> check_sched(const plan::SchedCondition &condition, const observe::SchedTimeline &timeline,
                                      const observe::SchedWindow &window, const std::vector<wire::NodeRecord> &nodes);

/// Where the threads that the condition is about ran in the window: a line for each. Empty where there are none.
std::string render_sched(const plan::SchedCondition &condition, const observe::SchedTimeline &timeline,
                         const observe::SchedWindow &window);

}  // namespace kmodtest::judge
