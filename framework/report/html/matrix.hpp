// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "report/html/case_entry.hpp"
#include "report/html/markup.hpp"

namespace kmodtest::report::html {

/// Plans × CPU counts; the page's script offers the other variables of the matrix as columns. Empty without cases.
Markup render_heat_map(const std::vector<CaseEntry> &entries);

/// For each plan with a variable `cpu` one table per rest of its matrix: the CPU that a thread was bound to × the CPUs
/// that it ran on. Empty when no case has both.
Markup render_bindings(const std::vector<CaseEntry> &entries);

/// "2" before "10", words after numbers.
bool comes_before(const std::string &left, const std::string &right);

}  // namespace kmodtest::report::html
