// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/prose.hpp"

#include <algorithm>
#include <cstddef>

namespace kmodtest::base {

std::string paragraphs_of(std::string_view markdown) {
  std::string out;
  bool in_code = false, in_paragraph = false;
  while (!markdown.empty()) {
    const std::size_t end = std::min(markdown.find('\n'), markdown.size());
    const std::string_view line = markdown.substr(0, end);
    markdown.remove_prefix(std::min(end + 1, markdown.size()));
    const bool fence = line.starts_with("```");
    if (fence) in_code = !in_code;
    if (fence || line.empty()) {
      in_paragraph = false;
      continue;
    }
    if (!out.empty()) out += in_paragraph ? ' ' : '\n';
    if (in_code) out += "    ";
    out += line;
    in_paragraph = !in_code;
  }
  return out;
}

}  // namespace kmodtest::base
