// SPDX-License-Identifier: GPL-2.0-or-later
#include "text/size.hpp"

#include <fmt/core.h>
#include <limits>

#include "text/number.hpp"

namespace kmodtest::text {

std::optional<std::uint64_t> bytes_of_unit(std::string_view unit) {
  if (unit.size() != 1 && !(unit.size() == 3 && unit.ends_with("iB"))) return std::nullopt;
  const auto power = std::string_view("KMGT").find(unit[0]);
  if (power == std::string_view::npos) return std::nullopt;
  return std::uint64_t{1} << (10 * (power + 1));
}

std::optional<std::uint64_t> size_in_bytes(std::string_view text) {
  const auto number = take_number<std::uint64_t>(text);
  if (!number) return std::nullopt;
  if (text.empty()) return *number == 0 ? number : std::nullopt;
  const auto unit = bytes_of_unit(text);
  if (!unit || *number > std::numeric_limits<std::uint64_t>::max() / *unit) return std::nullopt;
  return *number * *unit;
}

std::string human_size(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto size = static_cast<double>(bytes);
  const char *unit = "";
  for (const char *next : {"KiB", "MiB", "GiB", "TiB"}) {
    if (size < 1023.95) break;  // would be shown as 1024.0
    size /= 1024;
    unit = next;
  }
  return fmt::format("{:.1f} {}", size, unit);
}

}  // namespace kmodtest::text
