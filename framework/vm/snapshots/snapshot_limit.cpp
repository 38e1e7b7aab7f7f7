// SPDX-License-Identifier: GPL-2.0-or-later
#include <charconv>
#include <cstdlib>
#include <fmt/format.h>
#include <limits>

#include "base/error.hpp"
#include "vm/snapshots/snapshot_store.hpp"

namespace kmodtest::vm {
namespace {

constexpr std::uint64_t kDefaultLimit = std::uint64_t{8} << 30;

}  // namespace

std::optional<std::uint64_t> size_in_bytes(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit.empty()) return number == 0 ? std::optional(number) : std::nullopt;
  const auto power = std::string_view("KMGT").find(unit[0]);
  if (power == std::string_view::npos || (unit.size() > 1 && unit.substr(1) != "iB")) return std::nullopt;
  const std::uint64_t factor = std::uint64_t{1} << (10 * (power + 1));
  if (number > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
  return number * factor;
}

std::uint64_t snapshot_limit() {
  const char *text = std::getenv("KMODTEST_CACHE_LIMIT");
  if (text == nullptr || *text == '\0') return kDefaultLimit;
  if (const auto bytes = size_in_bytes(text)) return *bytes;
  throw base::UsageError(base::Code::bad_environment,
                         fmt::format("KMODTEST_CACHE_LIMIT takes a size such as 4G or 500M, not '{}'", text));
}

}  // namespace kmodtest::vm
