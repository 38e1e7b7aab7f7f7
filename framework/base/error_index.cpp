// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error_index.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/prose.hpp"

namespace kmodtest::base {

/// The files of errors/ (CMakeLists.txt).
EmbeddedFiles error_files();

namespace {

constexpr std::string_view kAreas = "areas.md";
constexpr unsigned kCodesOfArea = 100;

/// Takes a file apart from its beginning.
class Reader {
 public:
  explicit Reader(const EmbeddedFile &file) : file_(file), rest_(file.text) {}

  void expect(std::string_view mark) {
    if (!rest_.starts_with(mark)) fail(mark);
    rest_.remove_prefix(mark.size());
  }
  std::string_view until(std::string_view mark) {
    const std::size_t at = rest_.find(mark);
    if (at == std::string_view::npos || at == 0) fail(mark);
    const std::string_view part = rest_.substr(0, at);
    rest_.remove_prefix(at + mark.size());
    return part;
  }
  bool at_end() const { return rest_.empty(); }
  [[noreturn]] void fail(std::string_view expected) const {
    throw std::logic_error(
        fmt::format("errors/{}: '{}' expected at byte {}", file_.path, expected, file_.text.size() - rest_.size()));
  }

 private:
  const EmbeddedFile &file_;
  std::string_view rest_;
};

unsigned digits(const Reader &reader, std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) reader.fail("a number");
  return number;
}

std::vector<ErrorArea> read_areas() {
  std::vector<ErrorArea> areas;
  const EmbeddedFile list{kAreas, embedded_text(error_files(), kAreas)};
  for (Reader reader(list); !reader.at_end();) {
    reader.expect("* K");
    if (digits(reader, reader.until(": ")) != areas.size() + 1) reader.fail("the next area");
    areas.push_back({std::string(reader.until("\n")), {}});
  }
  for (const EmbeddedFile &file : error_files()) {
    if (file.path == kAreas) continue;
    ErrorText text = parse_error_text(file);
    const std::size_t area = static_cast<unsigned>(text.code) / kCodesOfArea;
    if (area == 0 || area > areas.size()) Reader(file).fail("the code of an area in areas.md");
    areas[area - 1].errors.push_back(std::move(text));
  }
  return areas;
}

const std::vector<ErrorArea> &all_areas() {
  static const std::vector<ErrorArea> areas = read_areas();
  return areas;
}

std::optional<unsigned> number_of(std::string_view name) {
  const std::string_view prefix = "error[";
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  if (name.ends_with(']')) name.remove_suffix(1);
  if (!name.empty() && (name.front() == 'K' || name.front() == 'k')) name.remove_prefix(1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

}  // namespace

ErrorText parse_error_text(const EmbeddedFile &file) {
  Reader reader(file);
  ErrorText text;
  reader.expect("# K");
  text.code = static_cast<Code>(digits(reader, reader.until(": ")));
  if (file.path != name_of(text.code) + ".md") reader.fail("the code of the file's name");
  text.title = reader.until("\n\n");
  text.meaning = paragraphs_of(reader.until("\n\n## Cause\n\n"));
  text.cause = paragraphs_of(reader.until("\n\n## Remedy\n\n"));
  text.remedy = paragraphs_of(reader.until("\n\n## Example\n\n```"));
  const std::string_view kind = reader.until("\n");
  if (kind != "output" && kind != "yaml") reader.fail("output or yaml");
  text.kind = kind == "yaml" ? ErrorText::Example::plan : ErrorText::Example::output;
  text.example = reader.until("\n```\n");
  if (!reader.at_end()) reader.fail("the end");
  return text;
}

std::vector<const ErrorArea *> error_areas() {
  std::vector<const ErrorArea *> areas;
  for (const ErrorArea &area : all_areas()) areas.push_back(&area);
  return areas;
}

const ErrorText *text_of(Code code) {
  for (const ErrorArea *area : error_areas()) {
    for (const ErrorText &text : area->errors) {
      if (text.code == code) return &text;
    }
  }
  return nullptr;
}

const ErrorText *text_of(std::string_view name) {
  const auto number = number_of(name);
  return number && *number < 10'000 ? text_of(static_cast<Code>(*number)) : nullptr;
}

const ErrorText *nearest_error(std::string_view name) {
  const auto number = number_of(name);
  if (!number || *number > 9'999) return nullptr;
  const std::string wanted = fmt::format("{:04}", *number);
  const ErrorText *nearest = nullptr;
  std::size_t least = 2;  // digits that differ: with two of four it is a different number
  for (const ErrorArea *area : error_areas()) {
    for (const ErrorText &text : area->errors) {
      std::string digits = name_of(text.code).substr(1);
      std::size_t differ = 0;
      for (std::size_t i = 0; i < digits.size(); ++i) differ += digits[i] == wanted[i] ? 0U : 1U;
      // Two swapped digits are one typing error.
      for (std::size_t i = 0; differ == 2 && i + 1 < digits.size(); ++i) {
        std::swap(digits[i], digits[i + 1]);
        if (digits == wanted) differ = 1;
        std::swap(digits[i], digits[i + 1]);
      }
      if (differ >= least) continue;
      least = differ;
      nearest = &text;
    }
  }
  return nearest;
}

}  // namespace kmodtest::base
