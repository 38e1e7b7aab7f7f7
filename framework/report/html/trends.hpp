// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "report/html/case_entry.hpp"
#include "report/html/markup.hpp"

namespace kmodtest::report::html {

/// A small picture of the last runs of a case and this one: a bar each, as high as it took, coloured by its outcome.
/// Empty without earlier runs.
Markup render_past(const outcome::CaseFinished &finished);

/// Which cases changed against the runs before; empty when no case did.
Markup render_trends(const std::vector<CaseEntry> &entries);

}  // namespace kmodtest::report::html
