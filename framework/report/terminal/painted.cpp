// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/terminal/painted.hpp"

#include <algorithm>

#include "text/utf8.hpp"

namespace kmodtest::report {

namespace {

constexpr std::string_view kNoColour = "\x1b[0m";

/// Returns the bytes of the colour at the beginning of a text; 0 if there is none.
std::size_t colour_at(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const std::size_t end = text.find('m');
  return end == std::string_view::npos ? 0 : end + 1;
}

/// Returns the text without its colours.
std::string plain(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const std::size_t colour = colour_at(text);
    if (colour == 0) kept += text.front();
    text.remove_prefix(std::max<std::size_t>(colour, 1));
  }
  return kept;
}

}  // namespace

std::string cut_painted(std::string_view line, std::size_t width) {
  if (text::columns(plain(line)) <= width) return std::string(line);
  if (width == 0) return {};
  std::string kept;
  std::size_t used = 0;
  bool painted = false;
  while (!line.empty()) {
    if (const std::size_t colour = colour_at(line); colour > 0) {
      painted = line.substr(0, colour) != kNoColour;
      kept += line.substr(0, colour);
      line.remove_prefix(colour);
      continue;
    }
    const std::size_t bytes = text::first_character(line).bytes;
    used += text::columns(line.substr(0, bytes));
    if (used > width - 1) break;
    kept += line.substr(0, bytes);
    line.remove_prefix(bytes);
  }
  kept += "…";
  return painted ? kept.append(kNoColour) : kept;
}

std::string wrap_painted(std::string_view line, std::size_t width, std::size_t indent) {
  if (width == 0 || text::columns(plain(line)) <= width) return std::string(line);
  const std::size_t blanks = std::min(line.find_first_not_of(' '), line.size());
  std::string text(line.substr(0, blanks));
  line.remove_prefix(blanks);
  std::size_t used = blanks;
  for (bool first = true; first || !line.empty(); first = false) {
    const std::size_t end = line.find(' ');
    const std::string_view word = line.substr(0, end);
    const std::size_t room = text::columns(plain(word));
    if (!first && used + 1 + room > width) {
      text += "\n" + std::string(indent, ' ');
      used = indent;
    } else if (!first) {
      text += ' ';
      ++used;
    }
    text += word;
    used += room;
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  }
  return text;
}

}  // namespace kmodtest::report
