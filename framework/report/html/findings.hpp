// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>

#include "outcome/event.hpp"
#include "report/html/markup.hpp"

namespace kmodtest::report::html {

/// Why a case did not pass: each finding with its place in the plan, what was expected and seen, and the frames, as the
/// console tells them (report/failure); then the attempts before. Nothing for a case that just passed. No text takes
/// more than `room` bytes.
Markup render_findings(const outcome::CaseFinished &finished, std::size_t room);

}  // namespace kmodtest::report::html
