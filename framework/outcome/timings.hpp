// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "outcome/event.hpp"

namespace kmodtest::outcome {

/// Of an even number of values the mean of the middle two; of none 0.
double median(std::vector<double> values);

/// A part of a case's wall time: a field of Timings. (Timings::guest is none, it lies within the steps.)
struct Phase {
  const char *name;
  Seconds Timings::*field;
};

/// In the order in which they happen. The one place that lists them: a field of Timings that is a part of the wall
/// time is told by -v, --json and --timings when it is here, else as "other".
const std::vector<Phase> &phases();

/// "build 0.000 s, start 0.210 s, …"
std::string render_timings(const Timings &timings);

}  // namespace kmodtest::outcome
