// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "report/html/case_entry.hpp"
#include "report/html/markup.hpp"

namespace kmodtest::report::html {

/// Renders plans × CPU counts; the page's script offers the other variables of the matrix as columns. Empty without
/// cases.
Markup render_heat_map(const CaseEntries &entries);

/// Renders, for each plan with a variable `cpu`, one table per combination of the other variables: the CPU that a
/// thread was bound to × the CPUs that it ran on. Empty if no case has both.
Markup render_bindings(const CaseEntries &entries);

/// Orders values: "2" before "10", words after numbers.
bool comes_before(const std::string &left, const std::string &right);

}  // namespace kmodtest::report::html
