// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error_index.hpp"
#include "cli/completions/completions.hpp"

namespace kmodtest::cli {

std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string error_codes() {
  std::string codes;
  for (const base::ErrorArea *area : base::error_areas()) {
    for (const base::ErrorText &text : area->errors) codes += (codes.empty() ? "" : " ") + base::name_of(text.code);
  }
  return codes;
}

}  // namespace kmodtest::cli
