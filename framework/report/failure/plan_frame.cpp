// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/failure/plan_frame.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

#include "text/escape.hpp"
#include "text/lines.hpp"
#include "text/utf8.hpp"

namespace kmodtest::report {

namespace {

/// Returns the part of a line before a column (counted in characters from 1).
std::string before_column(std::string_view line, int column) {
  std::string before;
  for (int at = 1; at < column && !line.empty(); ++at) {
    const text::Character character = text::first_character(line);
    before += line.substr(0, character.bytes);
    line.remove_prefix(character.bytes);
  }
  return before;
}

/// Returns the length in letters of the word at the beginning of a text; at least 1.
std::size_t word_length(std::string_view text) {
  const auto end = std::find_if(text.begin(), text.end(), [](char letter) {
    const bool in_word = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                         (letter >= '0' && letter <= '9') || letter == '_';
    return !in_word;
  });
  return std::max<std::size_t>(1, static_cast<std::size_t>(end - text.begin()));
}

/// Returns the text without its first columns; a wide character that is cut in two becomes a blank.
std::string without_columns(std::string_view text, std::size_t number) {
  std::size_t gone = 0;
  while (gone < number && !text.empty()) {
    const std::size_t bytes = text::first_character(text).bytes;
    gone += text::columns(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
  return std::string(gone - std::min(number, gone), ' ') + std::string(text);
}

}  // namespace

Excerpt excerpt(std::string_view line, std::size_t mark, std::size_t length, std::size_t width) {
  if (width == 0 || text::columns(line) <= width) return {.line = std::string(line), .mark = mark, .length = length};
  if (mark + length < width) return {.line = text::cut_to(line, width), .mark = mark, .length = length};
  // A third of the width is for text before the mark; the mark can fill the rest.
  const std::size_t before = std::min(mark, width / 3);
  const std::size_t left_out = mark - before;
  std::string rest = without_columns(line, left_out);
  if (left_out > 0) rest = "…" + without_columns(rest, 1);
  return {.line = text::cut_to(rest, width), .mark = before, .length = std::min(length, width - before)};
}

std::string plan_frame(const judge::Evidence &evidence, const Palette &palette, std::size_t width) {
  if (evidence.where.line == 0) return {};
  const std::string number = std::to_string(evidence.where.line);
  const std::string margin(number.size(), ' ');
  const std::string place = fmt::format("{}:{}:{}", evidence.where.file, evidence.where.line, evidence.where.column);
  std::string text = fmt::format("  {}{} {}\n", margin, palette.blue("-->"), text::printable(place));
  if (evidence.source.empty()) return text;
  const std::string line = text::lines_of(evidence.source).front();
  const std::string before = before_column(line, evidence.where.column);
  const std::size_t used = 2 + number.size() + 3;
  const std::size_t room = width == 0 ? 0 : std::max<std::size_t>(width, used + 1) - used;
  const Excerpt shown = excerpt(text::printable(line), text::columns(text::printable(before)),
                                word_length(std::string_view(line).substr(before.size())), room);
  text += fmt::format("  {} {} {}\n", palette.blue(number), palette.blue("|"), shown.line);
  if (evidence.where.column < 1) return text;
  const std::string caret = '^' + std::string(shown.length - 1, '~');
  text += fmt::format("  {} {} {}{}\n", margin, palette.blue("|"), std::string(shown.mark, ' '), palette.red(caret));
  return text;
}

}  // namespace kmodtest::report
