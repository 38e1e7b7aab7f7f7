// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plan/plan.hpp"
#include "plan/reader.hpp"

namespace kmodtest::plan {

/// Reads the map of `expect` and reports its errors.
Expect read_expect(const Node &map, Scope &scope);

}  // namespace kmodtest::plan
