// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "plan/diagnostics.hpp"
#include "plan/node.hpp"

namespace kmodtest::plan {

inline constexpr std::size_t kLargestFile = 1u << 20;   ///< bytes
inline constexpr int kDeepestNesting = 64;              ///< levels
inline constexpr std::size_t kLargestTree = 16u << 20;  ///< of Node::weight: stops alias bombs

/// Converts YAML to nodes. Reports a problem and returns nothing if the text is not YAML, is too large or too deep, or
/// a key appears twice.
std::optional<Node> parse_yaml(const std::string &text, const Source &source, Problems &problems);

}  // namespace kmodtest::plan
