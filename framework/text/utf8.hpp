// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// UTF-8 and the columns that a text takes on a terminal; by utf8proc.
namespace kmodtest::text {

/// One character of a UTF-8 text. Overlong forms, surrogates and stray bytes are malformed (RFC 3629).
struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool well_formed = false;
};

/// Returns the character that `text` (not empty) starts with; a malformed byte counts as one character.
Character first_character(std::string_view text);

/// Returns whether the code is one of the control characters of ASCII or Latin-1.
bool is_control(char32_t code);

/// Returns the number of columns that the text takes on a terminal: two for East Asian wide characters, none for
/// combining ones, one for malformed bytes and control characters.
std::size_t columns(std::string_view text);

/// Returns the text in at most `width` columns; if something is left out it ends in "…". Never splits a character.
std::string cut_to(std::string_view text, std::size_t width);

/// Returns the text with spaces on its right up to `width` columns.
std::string pad_right(std::string_view text, std::size_t width);
/// Returns the text with spaces on its left up to `width` columns.
std::string pad_left(std::string_view text, std::size_t width);

}  // namespace kmodtest::text
