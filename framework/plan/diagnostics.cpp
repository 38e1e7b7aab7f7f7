// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/diagnostics.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>
#include <utility>

#include "text/escape.hpp"
#include "text/similar_name.hpp"

namespace kmodtest::plan {
namespace {

bool starts_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0u) != 0x80u;
}

}  // namespace

const char *kind_phrase(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::scalar:
      return "a single value";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
  }
  return "nothing";
}

std::string Location::str() const {
  if (line == 0) return file;
  return fmt::format("{}:{}:{}", file, line, column);
}

std::string Diagnostic::str() const {
  std::string out = fmt::format("{}: {}[{}]: {}\n", where.str(), severity == Severity::error ? "error" : "warning",
                                base::name_of(code), message);
  if (where.line == 0) return out;
  // A long line is shown around the place, so that the caret stays on the screen.
  constexpr int kShown = 160;
  // A tab takes one column here, as in `column`; bytes that are not text are escaped.
  std::string shown = source;
  std::replace(shown.begin(), shown.end(), '\t', ' ');
  shown = text::printable(shown);
  int column = std::max(where.column, 1);
  int underlined = std::max(width, 1);
  if (characters(shown) > kShown) {
    const int skip = std::max(0, column - kShown / 2);
    std::string part;
    int at = 0;
    for (const char byte : shown) {
      if (starts_character(byte)) ++at;
      if (at > skip && at <= skip + kShown) part += byte;
    }
    shown = part;
    column -= skip;
    underlined = std::clamp(underlined, 1, std::max(1, kShown - column + 1));
  }
  const std::string number = fmt::format("{:4}", where.line);
  out += fmt::format("{} |   {}\n", number, shown);
  out += fmt::format("{} |   {}^{}\n", std::string(number.size(), ' '),
                     std::string(static_cast<std::size_t>(column - 1), ' '),
                     std::string(static_cast<std::size_t>(underlined - 1), '~'));
  return out;
}

Source::Source(std::string file, std::string_view text) : file_(std::move(file)) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    lines_.emplace_back(line);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
}

const std::string &Source::line(int number) const {
  static const std::string nothing;
  if (number < 1 || static_cast<std::size_t>(number) > lines_.size()) return nothing;
  return lines_[static_cast<std::size_t>(number) - 1];
}

int Source::column_of_byte(int number, int offset) const {
  const std::string &text = line(number);
  const std::size_t end = std::min(text.size(), static_cast<std::size_t>(std::max(offset, 0)));
  return characters(std::string_view(text).substr(0, end)) + 1;
}

void Problems::add(Diagnostic::Severity severity, Code code, const Node &node, std::string message) {
  const std::pair<int, int> place{node.line, node.column};
  if (settled_.contains(place) || full()) return;
  for (const Diagnostic &other : found_)
    if (other.where.line == node.line && other.where.column == node.column && other.message == message) return;
  Diagnostic diagnostic;
  diagnostic.severity = severity;
  diagnostic.code = code;
  diagnostic.where = source_.at(node);
  diagnostic.message = std::move(message);
  diagnostic.source = source_.line(node.line);
  if (node.kind == Node::Kind::scalar) {
    const int rest = characters(diagnostic.source) - node.column + 1;
    diagnostic.width = std::clamp(characters(node.text) + (node.quoted ? 2 : 0), 1, std::max(rest, 1));
  }
  seen_.insert(place);
  if (severity == Diagnostic::Severity::error) ++errors_;
  found_.push_back(std::move(diagnostic));
}

void Problems::error_at(Code code, int line, int column, int width, std::string message) {
  if (full()) return;
  Diagnostic diagnostic;
  diagnostic.code = code;
  diagnostic.where = {.file = source_.file(), .line = line, .column = column};
  diagnostic.message = std::move(message);
  diagnostic.source = source_.line(line);
  diagnostic.width = width;
  ++errors_;
  found_.push_back(std::move(diagnostic));
}

std::vector<Diagnostic> Problems::take() {
  std::stable_sort(found_.begin(), found_.end(), [](const Diagnostic &a, const Diagnostic &b) {
    return std::pair(a.where.line, a.where.column) < std::pair(b.where.line, b.where.column);
  });
  return std::move(found_);
}

std::string printable(std::string_view text, char instead) {
  std::string out(text);
  for (char &byte : out)
    if (std::iscntrl(static_cast<unsigned char>(byte))) byte = instead;
  return out;
}

int characters(std::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), starts_character));
}

std::string cut(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  std::size_t end = bytes;
  while (end > 0 && !starts_character(text[end])) --end;
  return std::string(text.substr(0, end));
}

std::string quote(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  const std::string shown = printable(cut(text, kLongest), '?');
  return fmt::format("'{}{}'", shown, text.size() > kLongest ? "…" : "");
}

std::string suggestion(const std::string &word, const std::vector<std::string> &candidates) {
  if (candidates.empty()) return {};
  if (const auto close = text::similar_name(word, candidates)) return fmt::format(" (did you mean '{}'?)", *close);
  return fmt::format(" (known here: {})", fmt::join(candidates, ", "));
}

}  // namespace kmodtest::plan
