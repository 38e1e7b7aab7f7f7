// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>

namespace kmodtest::text {

/// Returns the number that the whole text represents; nothing if it is not a number, or too large for its type.
template <class Number>
std::optional<Number> whole_number(std::string_view text, int base = 10) {
  Number value{};
  const char *end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

/// Takes the number off the front of the text and returns it; returns nothing and leaves the text if it starts with no
/// number.
template <class Number>
std::optional<Number> take_number(std::string_view &text, int base = 10) {
  Number value{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return value;
}

/// Returns the number that the text starts with.
template <class Number>
std::optional<Number> leading_number(std::string_view text, int base = 10) {
  return take_number<Number>(text, base);
}

}  // namespace kmodtest::text
