// SPDX-License-Identifier: GPL-2.0-or-later
#include "text/utf8.hpp"

#include <utf8proc.h>

namespace kmodtest::text {
namespace {

constexpr char32_t kReplacement = 0xfffd;
constexpr std::string_view kEllipsis = "…";

std::size_t columns_of(const Character &character) {
  if (!character.well_formed || is_control(character.code)) return 1;
  return static_cast<std::size_t>(utf8proc_charwidth(static_cast<utf8proc_int32_t>(character.code)));
}

}  // namespace

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

Character first_character(std::string_view text) {
  utf8proc_int32_t code = 0;
  const utf8proc_ssize_t bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t *>(text.data()),
                                                  static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (bytes <= 0) return {.code = kReplacement, .bytes = 1, .well_formed = false};
  return {.code = static_cast<char32_t>(code), .bytes = static_cast<std::size_t>(bytes), .well_formed = true};
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

}  // namespace kmodtest::text
