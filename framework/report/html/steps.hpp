// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "outcome/event.hpp"
#include "report/html/markup.hpp"

namespace kmodtest::report::html {

/// A step of a case and its result.
struct StepSeen {
  std::size_t number = 0;  ///< counts from 1
  std::string key;         ///< "load", "dmesg"…
  std::string source;      ///< the plan's line
  std::optional<wire::Microseconds> begin, end;
  std::string result;    ///< "held", "timed out", "not reached"…
  bool in_guest = true;  ///< false: the controller checked it before there was a guest
  bool bad = false;      ///< the case did not pass because of it
};

/// An interval of guest time.
struct Span {
  wire::Microseconds begin{0}, end{0};

  /// Returns the position of a moment in the interval, from 0 to 1.
  double place(wire::Microseconds time) const;
};

std::vector<StepSeen> steps_of(const outcome::CaseFinished &finished);

/// Returns the interval from the first step, or the first observation, to the last observation. Empty (begin == end)
/// without any.
Span span_of(const outcome::CaseFinished &finished, const std::vector<StepSeen> &steps);

/// Returns a time as "1.234567".
std::string in_seconds(wire::Microseconds time);
/// Returns a duration with three digits: "12.3 ms", "1.50 s".
std::string duration_text(double seconds);

/// Renders a table with a bar for each step on the time axis of the case.
Markup render_steps(const std::vector<StepSeen> &steps, const Span &span);

}  // namespace kmodtest::report::html
