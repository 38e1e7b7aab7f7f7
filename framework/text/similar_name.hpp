// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Typing errors: what a name was meant to be.
namespace kmodtest::text {

/// Returns how many letters were added, left out or replaced, or swapped with a neighbour, to make `b` of `a` (optimal
/// string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// Returns the closest of `candidates`, if any is close enough to be a typing error. Case does not matter.
std::optional<std::string> similar_name(const std::string &word, const std::vector<std::string> &candidates);

}  // namespace kmodtest::text
