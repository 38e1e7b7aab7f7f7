// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plan/plan.hpp"
#include "plan/reader.hpp"

namespace kmodtest::plan {

/// Reads the map of `expect`; what is wrong with it is reported.
Expect read_expect(const Node &map, Scope &scope);

}  // namespace kmodtest::plan
