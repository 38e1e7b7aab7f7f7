// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "observe/sched/sched.hpp"
#include "outcome/event.hpp"
#include "report/html/markup.hpp"

namespace kmodtest::report::html {

/// True for threads that the kernel starts for its own work, such as kworker/0:1.
bool is_of_the_kernel(const std::string &thread);

/// The figures of each thread of the module: how long on which CPU, how often woken, how late it then ran.
Markup render_threads(const observe::SchedTimeline &sched);

/// What the module's threads did on which CPU.
struct RanOn {
  std::map<int, double> share;  ///< of their time on CPUs, or of the samples in which they were seen
  bool exact = false;           ///< by the scheduler's trace, not by samples of ps
};
RanOn ran_on(const outcome::CaseFinished &finished);

}  // namespace kmodtest::report::html
