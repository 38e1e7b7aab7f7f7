// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>

#include "outcome/event.hpp"
#include "report/html/markup.hpp"

namespace kmodtest::report::html {

/// Renders why a case did not pass: each finding with its place in the plan, the expected and the observed value, and
/// the frames, as the console shows them (report/failure); then the earlier attempts. Nothing for a case that passed at
/// once. Each text has at most `room` bytes.
Markup render_findings(const outcome::CaseFinished &finished, std::size_t room);

}  // namespace kmodtest::report::html
