// SPDX-License-Identifier: GPL-2.0-or-later
#include "text/escape.hpp"

#include <fmt/core.h>

#include "text/utf8.hpp"

namespace kmodtest::text {
namespace {

constexpr std::string_view kReplacementUtf8 = "\xef\xbf\xbd";
constexpr std::size_t kTabStop = 8;

// Characters that change the direction of a line could make a log look like something else.
bool turns_direction(char32_t code) {
  return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

bool allowed_in_xml(char32_t code) {
  if (code == 0x9 || code == 0xa || code == 0xd) return true;
  return (code >= 0x20 && code <= 0xd7ff) || (code >= 0xe000 && code <= 0xfffd) || code >= 0x10000;
}

}  // namespace

std::string printable(std::string_view line) {
  std::string safe;
  std::size_t column = 0;
  const auto append = [&](std::string_view text) {
    safe += text;
    column += columns(text);
  };
  while (!line.empty()) {
    const Character character = first_character(line);
    const std::string_view bytes = line.substr(0, character.bytes);
    if (character.well_formed && character.code == '\t') {
      append(std::string(kTabStop - column % kTabStop, ' '));
    } else if (!character.well_formed || is_control(character.code) || turns_direction(character.code)) {
      for (const char byte : bytes) append(fmt::format("\\x{:02x}", static_cast<unsigned char>(byte)));
    } else {
      append(bytes);
    }
    line.remove_prefix(character.bytes);
  }
  return safe;
}

std::string xml_text(std::string_view text) {
  std::string allowed;
  while (!text.empty()) {
    const Character character = first_character(text);
    if (character.well_formed && allowed_in_xml(character.code)) {
      allowed += text.substr(0, character.bytes);
    } else {
      allowed += kReplacementUtf8;
    }
    text.remove_prefix(character.bytes);
  }
  return allowed;
}

std::string shell_word(const std::string &word) {
  const std::string_view safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+=:,@%";
  if (!word.empty() && word.find_first_not_of(safe) == std::string::npos) return word;
  // Inside double quotes these four are still special; '!' is special in interactive shells.
  if (word.find_first_of("\"$`\\!") == std::string::npos) return '"' + word + '"';
  std::string quoted = "'";
  for (const char letter : word) {
    if (letter == '\'') {
      quoted += "'\\''";
    } else {
      quoted += letter;
    }
  }
  return quoted + "'";
}

}  // namespace kmodtest::text
