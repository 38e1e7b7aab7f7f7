// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/formats/markdown_text.hpp"

#include <fmt/format.h>

#include "report/html/markup.hpp"

namespace kmodtest::report {

std::string markdown_code(std::string_view text) {
  constexpr std::string_view kActive = "\\`*_[]|~:@$.";
  std::string code = "<code>";
  // The references that escaped() writes contain none of these characters.
  for (const char letter : html::escaped(text)) {
    if (letter == '\n' || letter == '\t') {
      code += ' ';
    } else if (kActive.find(letter) != std::string_view::npos) {
      code += fmt::format("&#{};", static_cast<int>(letter));
    } else {
      code += letter;
    }
  }
  return code + "</code>";
}

std::string markdown_block(std::string_view text) {
  // HTML drops a newline after <pre>. This one is dropped, so a text can begin with its own.
  return "<pre>\n" + html::escaped(text) + "</pre>\n";
}

}  // namespace kmodtest::report
