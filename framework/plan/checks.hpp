// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plan/plan.hpp"
#include "plan/reader.hpp"

namespace kmodtest::plan {

/// Reads the map of `checks` and reports its errors.
Checks read_checks(const Node &map, Scope &scope);

}  // namespace kmodtest::plan
