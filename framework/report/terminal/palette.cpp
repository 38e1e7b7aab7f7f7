// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/terminal/palette.hpp"

#include <fmt/format.h>

namespace kmodtest::report {

std::string Palette::paint(std::string_view code, std::string_view text) const {
  if (!on_ || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string Palette::of(outcome::Result result, std::string_view text) const {
  switch (result) {
    case outcome::Result::passed:
      return paint("1;32", text);
    case outcome::Result::flaky:
      return paint("33", text);
    case outcome::Result::failed:
    case outcome::Result::crashed:
    case outcome::Result::errored:
      return paint("1;31", text);
    case outcome::Result::hung:
      return paint("1;35", text);
    case outcome::Result::leaked:
      return paint("1;33", text);
    case outcome::Result::skipped:
      return paint("1;36", text);
  }
  return std::string(text);
}

}  // namespace kmodtest::report
