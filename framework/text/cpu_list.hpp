// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace kmodtest::text {

/// One item of a list of CPUs: "3" or "0-3". Whether the CPUs exist is for the caller to check.
struct CpuRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::string_view written;
};

/// Returns the items of a list such as "0-3, 7", in their order; nothing when one of them is not a number or a range.
/// An empty text is an empty list.
///
/// The guest's agent has a parser of its own, shared::parse_cpu_list(): cases repeat only as long as its code stays the
/// same instruction for instruction.
std::optional<std::vector<CpuRange>> cpu_ranges(std::string_view list);

}  // namespace kmodtest::text
