// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "outcome/event.hpp"

namespace kmodtest::outcome {

/// Returns the median; for an even number of values the mean of the middle two, and 0 for none.
double median(std::vector<double> values);

/// A part of a case's wall time: a field of Timings. (Timings::guest is not a phase, it lies within the steps.)
struct Phase {
  const char *name;
  Seconds Timings::*field;
};

/// Returns all phases in the order in which they happen. Nothing else lists them: -v, --json and --timings show a field
/// of Timings by name if it is in this list, and the remaining wall time as "other".
const std::vector<Phase> &phases();

/// Returns the phases as text: "build 0.000 s, start 0.210 s, …"
std::string render_timings(const Timings &timings);

}  // namespace kmodtest::outcome
