// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "outcome/event.hpp"
#include "report/html/steps.hpp"

namespace kmodtest::report::html {

/// Returns the data from which the page's script draws a case: JSON in columns, with times as differences, so that it
/// compresses well.
///
///     {"span": [begin, end],                             nanoseconds of the guest's clock, like all times
///      "steps": [[number, text, begin, end, result, bad]],
///      "log": {"t": [differences], "l": "66…" (levels), "x": [texts]},
///      "reports": [[time, title]],
///      "sched": {"begin", "end", "cpus", "lost",
///                "threads": [{"pid", "name", "begin", "end",
///                             "rb": [since the end of the last run], "rd": [durations], "rc": [CPUs], "rs": "SSR",
///                             "wt": [differences], "wl": [wake to run, -1: never], "wc": [CPUs],
///                             "mt": [differences], "mf": [from], "mo": [to]}],
///                "changes": [[time, cpu, online]]}}
std::string case_data(const outcome::CaseFinished &finished, const std::vector<StepSeen> &steps, const Span &span);

}  // namespace kmodtest::report::html
