// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>

#include "observe/schedule_seen.hpp"
#include "outcome/event.hpp"
#include "outcome/schedule_story.hpp"
#include "plan/schedule.hpp"

namespace kmodtest::run {

/// The run that is nearest to one that fails, and passes: its schedule has one delay less. Both runs are of the same
/// kind: a run that looks for more afterwards has another program in the guest, and is not the same from the start.
struct NearestPass {
  plan::Schedule schedule;
  std::shared_ptr<const observe::ScheduleSeen> failing, passing;  ///< null: there is none
  std::string left_out;  ///< the delay that the passing one does not have: "before racy.c:31", "before step 4"
};

/// Returns what a case's schedule did: which thread waited before which source line, what the others executed
/// meanwhile, and where the run parts from the nearest one that passes (null: none is known). Empty if the case had no
/// schedule.
outcome::ScheduleStory explain(const outcome::CaseFinished &finished, const NearestPass *nearest);

}  // namespace kmodtest::run
