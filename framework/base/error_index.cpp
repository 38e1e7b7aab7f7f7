// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error_index.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fmt/format.h>

namespace kmodtest::base {
namespace {

/// Columns of UTF-8 text without wide characters, which the table does not have.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0u) != 0x80u; }));
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool is_command(std::string_view line) {
  return line.starts_with("    ");
}

/// A line broken at its blanks.
std::string wrapped(std::string_view line, std::size_t width) {
  std::string out;
  std::size_t used = 0;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    if (used > 0 && used + 1 + columns(word) > width) {
      out += '\n';
      used = 0;
    } else if (used > 0) {
      out += ' ';
      ++used;
    }
    out += word;
    used += columns(word);
  }
  return out + '\n';
}

/// Paragraphs broken, commands as they are.
std::string paragraphs(std::string_view text, std::size_t width) {
  std::string out;
  for (const std::string_view line : lines_of(text))
    out += is_command(line) ? std::string(line) + "\n" : wrapped(line, width);
  return out;
}

std::string indented(std::string_view text) {
  std::string out;
  for (const std::string_view line : lines_of(text)) out += fmt::format("    {}\n", line);
  return out;
}

/// Commands as a block of code.
std::string in_markdown(std::string_view text) {
  std::string out;
  bool in_code = false;
  for (const std::string_view line : lines_of(text)) {
    if (is_command(line) != in_code) {
      out += in_code ? "```\n\n" : "\n```sh\n";
      in_code = !in_code;
    }
    out += in_code ? line.substr(4) : line;
    out += '\n';
  }
  return in_code ? out + "```\n" : out;
}

const char *example_title(const ErrorText &text) {
  return text.kind == ErrorText::Example::plan ? "A plan that has it" : "It looks like this";
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

/// The heading that GitHub makes an anchor of: "#k0601".
std::string anchor(const ErrorText &text) {
  std::string name = name_of(text.code);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

}  // namespace

std::vector<const ErrorArea *> error_areas() {
  return {&command_line_errors(), &plans_errors(),     &machine_errors(), &kernels_errors(), &modules_errors(),
          &emulator_errors(),     &snapshots_errors(), &guests_errors(),  &tools_errors()};
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
  std::size_t least = 2;  // digits that differ: with two of four it is another number
  for (const ErrorArea *area : error_areas()) {
    for (const ErrorText &text : area->errors) {
      std::string digits = name_of(text.code).substr(1);
      std::size_t differ = 0;
      for (std::size_t i = 0; i < digits.size(); ++i) differ += digits[i] == wanted[i] ? 0 : 1;
      // Two digits that changed places are one slip.
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

std::string explain(const ErrorText &text, std::size_t width) {
  std::string out = fmt::format("{}: {}\n\n{}", name_of(text.code), text.title, paragraphs(text.meaning, width));
  out += "\nWhy it happens\n\n" + paragraphs(text.cause, width);
  out += "\nHow to mend it\n\n" + paragraphs(text.remedy, width);
  return out + fmt::format("\n{}\n\n{}", example_title(text), indented(text.example));
}

std::string list_errors() {
  std::string out;
  for (const ErrorArea *area : error_areas()) {
    out += fmt::format("{}{}\n", out.empty() ? "" : "\n", area->title);
    for (const ErrorText &text : area->errors) out += fmt::format("  {}  {}\n", name_of(text.code), text.title);
  }
  return out;
}

std::string errors_markdown() {
  std::string out =
      "# Errors\n\n"
      "Each error that kmodtest prints has a code, such as `error[K0601]`. `kmodtest explain K0601` prints what "
      "stands\n"
      "below. A code means the same in every version. This file is made from the table in `framework/base/errors`\n"
      "(`kmodtest explain --markdown`); what else may puzzle you is in "
      "[troubleshooting.md](guide/troubleshooting.md).\n";
  for (const ErrorArea *area : error_areas()) {
    out += fmt::format("\n**{}**\n\n", area->title);
    for (const ErrorText &text : area->errors)
      out += fmt::format("* [{}](#{}): {}\n", name_of(text.code), anchor(text), text.title);
  }
  for (const ErrorArea *area : error_areas()) {
    out += fmt::format("\n## {}\n", area->title);
    for (const ErrorText &text : area->errors) {
      const bool plan = text.kind == ErrorText::Example::plan;
      out += fmt::format(
          "\n### {}\n\n**{}{}.** {}\n\n*Why it happens:* {}\n\n*How to mend it:* {}\n*{}:*\n\n```{}\n{}\n```\n",
          name_of(text.code), static_cast<char>(std::toupper(static_cast<unsigned char>(*text.title))), text.title + 1,
          text.meaning, text.cause, in_markdown(text.remedy), example_title(text), plan ? "yaml" : "text",
          text.example);
    }
  }
  return out;
}

}  // namespace kmodtest::base
