// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Text as terminals and files need it: UTF-8, columns, nothing that a guest could smuggle in.
namespace kmodtest::text {

/// One character of a UTF-8 text. Overlong forms, surrogates and stray bytes are malformed (RFC 3629).
struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool well_formed = false;
};

/// The character that `text` (not empty) starts with; a malformed byte counts as one character.
Character first_character(std::string_view text);

/// Columns that the text takes on a terminal: East Asian wide characters two, combining ones none.
std::size_t columns(std::string_view text);

/// The text in at most `width` columns; where something is left out it ends in "…". Never cuts a character in two.
std::string cut_to(std::string_view text, std::size_t width);

/// The text with spaces on its right (left) up to `width` columns.
std::string pad_right(std::string_view text, std::size_t width);
std::string pad_left(std::string_view text, std::size_t width);

/// A line that is safe to print: control characters and malformed bytes as \xNN, tabs as spaces up to a multiple of 8.
std::string printable(std::string_view line);

/// Well-formed text that XML 1.0 may carry (section 2.2): everything else becomes U+FFFD.
std::string xml_text(std::string_view text);

/// The lines of a text without their ends; a last empty line is dropped.
std::vector<std::string> lines_of(std::string_view text);

/// "1 case", "2 cases".
std::string counted(std::size_t number, std::string_view noun);

/// A word for a POSIX shell: as it is when that is safe, else quoted.
std::string shell_word(const std::string &word);

}  // namespace kmodtest::text
