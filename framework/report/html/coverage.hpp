// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "observe/coverage.hpp"
#include "report/html/markup.hpp"

namespace kmodtest::report::html {

/// Renders which lines ran: a row for each file, and its source with a colour for each line. Reads the sources; a file
/// that is not there, or is too large, has no more than its row. Empty if nothing was measured.
Markup render_coverage(const observe::Coverage &coverage);

}  // namespace kmodtest::report::html
