// SPDX-License-Identifier: GPL-2.0-or-later
#include "text/utf8.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace kmodtest::text {

namespace {

constexpr char32_t kReplacement = 0xfffd;
constexpr std::string_view kReplacementUtf8 = "\xef\xbf\xbd";
constexpr std::string_view kEllipsis = "…";
constexpr std::size_t kTabStop = 8;

struct CodeRange {
  char32_t first, last;
};

// Unicode 15, EastAsianWidth.txt, classes W and F, joined where only unassigned code points lie between.
constexpr std::array kWide = {
    CodeRange{0x1100, 0x115f},   CodeRange{0x231a, 0x231b},   CodeRange{0x23e9, 0x23ec},   CodeRange{0x2614, 0x2615},
    CodeRange{0x26a1, 0x26a1},   CodeRange{0x2705, 0x2705},   CodeRange{0x274c, 0x274c},   CodeRange{0x2e80, 0x303e},
    CodeRange{0x3041, 0x33ff},   CodeRange{0x3400, 0x4dbf},   CodeRange{0x4e00, 0xa4cf},   CodeRange{0xa960, 0xa97f},
    CodeRange{0xac00, 0xd7a3},   CodeRange{0xf900, 0xfaff},   CodeRange{0xfe10, 0xfe19},   CodeRange{0xfe30, 0xfe6f},
    CodeRange{0xff00, 0xff60},   CodeRange{0xffe0, 0xffe6},   CodeRange{0x17000, 0x18cff}, CodeRange{0x1b000, 0x1b2ff},
    CodeRange{0x1f300, 0x1f64f}, CodeRange{0x1f680, 0x1f6ff}, CodeRange{0x1f900, 0x1faff}, CodeRange{0x20000, 0x3fffd},
};

// Combining and format characters that take no column of their own.
constexpr std::array kNarrow = {
    CodeRange{0x0300, 0x036f}, CodeRange{0x0483, 0x0489}, CodeRange{0x0591, 0x05bd}, CodeRange{0x064b, 0x065f},
    CodeRange{0x0e34, 0x0e3a}, CodeRange{0x1ab0, 0x1aff}, CodeRange{0x1dc0, 0x1dff}, CodeRange{0x200b, 0x200f},
    CodeRange{0x202a, 0x202e}, CodeRange{0x2060, 0x206f}, CodeRange{0x20d0, 0x20ff}, CodeRange{0xfe00, 0xfe0f},
    CodeRange{0xfe20, 0xfe2f}, CodeRange{0xfeff, 0xfeff},
};

template <std::size_t size>
bool in(const std::array<CodeRange, size> &ranges, char32_t code) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [code](const CodeRange &range) { return code >= range.first && code <= range.last; });
}

std::size_t columns_of(const Character &character) {
  if (!character.well_formed) return 1;
  if (in(kNarrow, character.code)) return 0;
  return in(kWide, character.code) ? 2 : 1;
}

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

// Characters that turn the direction of a line could make a log read as something else.
bool turns_direction(char32_t code) {
  return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

bool allowed_in_xml(char32_t code) {
  if (code == 0x9 || code == 0xa || code == 0xd) return true;
  return (code >= 0x20 && code <= 0xd7ff) || (code >= 0xe000 && code <= 0xfffd) || code >= 0x10000;
}

}  // namespace

Character first_character(std::string_view text) {
  const auto byte = [text](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  const Character malformed{kReplacement, 1, false};
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return malformed;
  char32_t code = lead & (0x7fU >> length);
  for (std::size_t index = 1; index < length; ++index) {
    if ((byte(index) & 0xc0U) != 0x80U) return malformed;
    code = (code << 6U) | (byte(index) & 0x3fU);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  if (overlong || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return malformed;
  return {code, length, true};
}

std::size_t columns(std::string_view text) {
  std::size_t sum = 0;
  while (!text.empty()) {
    const Character character = first_character(text);
    sum += columns_of(character);
    text.remove_prefix(character.bytes);
  }
  return sum;
}

std::string cut_to(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::string kept;
  std::size_t used = 0;
  while (!text.empty()) {
    const Character character = first_character(text);
    if (used + columns_of(character) > width - 1) break;
    used += columns_of(character);
    kept += text.substr(0, character.bytes);
    text.remove_prefix(character.bytes);
  }
  return kept.append(kEllipsis);
}

std::string pad_right(std::string_view text, std::size_t width) {
  const std::size_t used = columns(text);
  return std::string(text) + std::string(used < width ? width - used : 0, ' ');
}

std::string pad_left(std::string_view text, std::size_t width) {
  const std::size_t used = columns(text);
  return std::string(used < width ? width - used : 0, ' ') + std::string(text);
}

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

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    lines.emplace_back(line);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::string counted(std::size_t number, std::string_view noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

std::string shell_word(const std::string &word) {
  const std::string_view safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+=:,@%";
  if (!word.empty() && word.find_first_not_of(safe) == std::string::npos) return word;
  // Inside double quotes these four keep a meaning; '!' has one in interactive shells.
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
