// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "plan/plan.hpp"
#include "plan/values.hpp"

namespace kmodtest::plan {

/// Parses "debug=1", "my_module.debug=1". The value is kept as written; it can be empty.
Value<ParameterSetting> parse_parameter(std::string_view text);

/// Returns the text from which parse_parameter() makes this setting.
std::string text_of(const ParameterSetting &setting);

}  // namespace kmodtest::plan
