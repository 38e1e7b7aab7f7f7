// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "plan/plan.hpp"
#include "plan/steps/step_input.hpp"

/// The header of an ioctl step.
namespace kmodtest::plan {

/// Reads `header`, and what `request` and `number` have of its names. Returns nothing without a header, or after a
/// problem.
std::optional<HeaderNumbers> read_header_numbers(StepInput &in);

/// Fills in the numbers of a step that only its header knows; does nothing for other steps. `value_of` returns the
/// value of an expression with a header.
void fill_in_numbers(
    Step &step, const std::function<std::uint64_t(const std::string &header, const std::string &expression)> &value_of);

}  // namespace kmodtest::plan
