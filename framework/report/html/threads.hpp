// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "observe/sched/sched.hpp"
#include "outcome/event.hpp"
#include "report/html/markup.hpp"

namespace kmodtest::report::html {

/// Returns true for threads that the kernel starts for its own work, such as kworker/0:1.
bool is_of_the_kernel(const std::string &thread);

/// Renders figures about each thread of the module: its time on each CPU, the number of its wake-ups, and the delay
/// until it then ran.
Markup render_threads(const observe::SchedTimeline &sched);

/// The CPUs that the module's threads ran on.
struct RanOn {
  std::map<int, double> share;  ///< of their time on CPUs, or of the samples in which they were seen
  bool exact = false;           ///< by the scheduler's trace, not by samples of ps
};
RanOn ran_on(const outcome::CaseFinished &finished);

}  // namespace kmodtest::report::html
