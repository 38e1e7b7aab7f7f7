// SPDX-License-Identifier: GPL-2.0-or-later
#include "text/cpu_list.hpp"

#include <cstddef>

#include "text/number.hpp"
#include "text/replace.hpp"

namespace kmodtest::text {

std::optional<std::vector<CpuRange>> cpu_ranges(std::string_view list) {
  std::vector<CpuRange> ranges;
  if (trimmed(list).empty()) return ranges;
  while (true) {
    const std::size_t comma = list.find(',');
    const std::string_view written = trimmed(list.substr(0, comma));
    const std::size_t dash = written.find('-', 1);
    const auto first = whole_number<std::int64_t>(written.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : whole_number<std::int64_t>(written.substr(dash + 1));
    if (!first || !last) return std::nullopt;
    ranges.push_back({.first = *first, .last = *last, .written = written});
    if (comma == std::string_view::npos) return ranges;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace kmodtest::text
