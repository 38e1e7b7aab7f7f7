// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/palette.hpp"

#include <fmt/format.h>

namespace kmodtest::report {

std::string Palette::paint(std::string_view code, std::string_view text) const {
  if (!on_ || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string Palette::of(judge::Outcome outcome, std::string_view text) const {
  switch (outcome) {
    case judge::Outcome::passed:
      return paint("1;32", text);
    case judge::Outcome::failed:
      return paint("1;31", text);
    case judge::Outcome::crashed:
      return paint("1;31", text);
    case judge::Outcome::hung:
      return paint("1;35", text);
    case judge::Outcome::leaked:
      return paint("1;33", text);
    case judge::Outcome::errored:
      return paint("1;31", text);
    case judge::Outcome::skipped:
      return paint("1;36", text);
  }
  return std::string(text);
}

std::string outcome_word(judge::Outcome outcome) {
  std::string word = judge::outcome_name(outcome);
  if (!word.empty() && word[0] >= 'a' && word[0] <= 'z') word[0] = static_cast<char>(word[0] - 'a' + 'A');
  return word;
}

}  // namespace kmodtest::report
