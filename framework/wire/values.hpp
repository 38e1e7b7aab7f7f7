// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <limits>
#include <string>

/// Values of which the conditions of steps are made.
namespace kmodtest::wire {

/// A text to look for in a line or a content.
struct Pattern {
  enum class Kind : std::uint8_t { literal, regex };  ///< literal: a substring; regex: POSIX extended, unanchored
  Kind kind = Kind::literal;
  std::string text;

  template <class Visitor>
  void fields(Visitor &v) {
    v(kind, text);
  }
  bool operator==(const Pattern &) const = default;
};

/// Inclusive.
struct Range {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();

  template <class Visitor>
  void fields(Visitor &v) {
    v(min, max);
  }
  bool contains(std::int64_t value) const { return value >= min && value <= max; }
  bool operator==(const Range &) const = default;
};

}  // namespace kmodtest::wire
