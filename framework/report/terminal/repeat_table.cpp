// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/terminal/repeat_table.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "text/escape.hpp"

namespace kmodtest::report {

void RepeatTable::add(const outcome::CaseFinished &finished) {
  // The repeats of a case have consecutive numbers.
  const auto repeat = static_cast<std::size_t>(finished.repeat);
  const std::size_t first = finished.number + 1 - std::min(finished.number + 1, repeat);
  Row &row = rows_[first];
  row.id = finished.test_case->id;
  ++row.results[outcome::result_of(finished)];
  if (finished.unlike) ++row.unlike;
}

std::string RepeatTable::render(const Palette &palette, bool only_others) const {
  std::string text;
  for (const auto &[number, row] : rows_) {
    std::size_t runs = 0;
    std::string others;
    for (const outcome::Result result : outcome::kResults) {
      const auto found = row.results.find(result);
      if (found == row.results.end()) continue;
      runs += found->second;
      if (result == outcome::Result::passed) continue;
      others += ", " + palette.of(result, fmt::format("{} {}", found->second, outcome::result_name(result)));
    }
    if (row.unlike > 0) others += ", " + palette.yellow(fmt::format("{} different from the first", row.unlike));
    if (others.empty() && only_others) continue;
    const auto passed = row.results.find(outcome::Result::passed);
    const std::size_t number_passed = passed == row.results.end() ? 0 : passed->second;
    text += fmt::format("  {} of {} passed{}: {}\n", number_passed, runs, others, text::printable(row.id));
  }
  return text;
}

}  // namespace kmodtest::report
