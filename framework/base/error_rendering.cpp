// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cctype>
#include <fmt/format.h>

#include "base/error_index.hpp"

namespace kmodtest::base {
namespace {

/// Counts the columns of UTF-8 text without wide characters, which the texts do not have.
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

/// Breaks a line at its blanks.
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

/// Breaks paragraphs, and leaves commands as they are.
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

/// Puts commands into blocks of code.
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
  return text.kind == ErrorText::Example::plan ? "A plan with this error" : "Example";
}

std::string capital(std::string text) {
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

/// Returns the anchor that GitHub makes of the heading: "#k0601".
std::string anchor(const ErrorText &text) {
  std::string name = name_of(text.code);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

}  // namespace

std::string explain(const ErrorText &text, std::size_t width) {
  std::string out = fmt::format("{}: {}\n\n{}", name_of(text.code), text.title, paragraphs(text.meaning, width));
  out += "\nWhy it happens\n\n" + paragraphs(text.cause, width);
  out += "\nHow to fix it\n\n" + paragraphs(text.remedy, width);
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
      "Each error that kmodtest prints has a code, such as `error[K0601]`. `kmodtest explain K0601` prints its text "
      "from\n"
      "this page. A code means the same in every version. For other puzzles, see "
      "[troubleshooting.md](guide/troubleshooting.md).\n"
      "This file is generated from the texts in `errors/` (`kmodtest explain --markdown`).\n";
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
          "\n### {}\n\n**{}.** {}\n\n*Why it happens:* {}\n\n*How to fix it:* {}\n*{}:*\n\n```{}\n{}\n```\n",
          name_of(text.code), capital(text.title), text.meaning, text.cause, in_markdown(text.remedy),
          example_title(text), plan ? "yaml" : "text", text.example);
    }
  }
  return out;
}

}  // namespace kmodtest::base
