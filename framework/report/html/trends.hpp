// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "report/html/case_entry.hpp"
#include "report/html/markup.hpp"

namespace kmodtest::report::html {

/// Renders a small chart of the last runs of a case and this one: one bar each, with its height for the time and its
/// colour for the outcome. Empty without earlier runs.
Markup render_past(const outcome::CaseFinished &finished);

/// Renders which cases changed compared to earlier runs; empty if none did.
Markup render_trends(const CaseEntries &entries);

}  // namespace kmodtest::report::html
