// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "outcome/event.hpp"
#include "report/html/steps.hpp"

namespace kmodtest::report::html {

/// What the page's script draws of a case: JSON in columns, times as differences, so that it packs well.
///
///     {"span": [begin, end],                             nanoseconds of the guest's clock, as all times below
///      "steps": [[number, text, begin, end, result, bad]],
///      "log": {"t": [differences], "l": "66…" (levels), "x": [texts]},
///      "reports": [[time, title]],
///      "sched": {"begin", "end", "cpus", "lost",
///                "threads": [{"pid", "name", "begin", "end",
///                             "rb": [from the end of the run before], "rd": [durations], "rc": [CPUs], "rs": "SSR",
///                             "wt": [differences], "wl": [wake to run, -1: never], "wc": [CPUs],
///                             "mt": [differences], "mf": [from], "mo": [to]}],
///                "changes": [[time, cpu, online]]}}
std::string case_data(const outcome::CaseFinished &finished, const std::vector<StepSeen> &steps, const Span &span);

}  // namespace kmodtest::report::html
