// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "observe/sched/sched_figures.hpp"
#include "plan/plan.hpp"
#include "wire/records.hpp"

/// The conditions of a sched step, evaluated over the records of a trace. docs/guide/writing-plans.md explains what
/// each key proves.
namespace kmodtest::judge {

/// The first condition that does not hold.
struct SchedFault {
  std::string why;                              ///< one clause: "ex7_4 ran on CPU 1 for 1.003 ms, at 1843.220114"
  std::string expected;                         ///< of this key
  std::optional<observe::Nanoseconds> at = {};  ///< the moment in question
};

/// Returns nothing if all conditions hold in the window. `nodes` are those of the guest.
std::optional<SchedFault> check_sched(const plan::SchedCondition &condition, const observe::SchedTimeline &timeline,
                                      const observe::SchedWindow &window, const std::vector<wire::NodeRecord> &nodes);

/// Returns where the threads of the condition ran in the window: one line each. Empty if there are none.
std::string render_sched(const plan::SchedCondition &condition, const observe::SchedTimeline &timeline,
                         const observe::SchedWindow &window);

}  // namespace kmodtest::judge
