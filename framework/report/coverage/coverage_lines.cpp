// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/coverage/coverage_lines.hpp"

#include <fmt/format.h>

namespace kmodtest::report {
namespace {

constexpr std::size_t kNamedProblems = 3;

}  // namespace

std::vector<std::string> coverage_lines(const observe::Coverage &coverage) {
  std::vector<std::string> lines{"coverage: " + observe::coverage_summary(coverage)};
  std::size_t named = 0;
  for (const auto &[what, why] : coverage.missing) {
    if (named++ < kNamedProblems) lines.push_back(fmt::format("coverage: {} {}", what, why));
  }
  if (named > kNamedProblems)
    lines.push_back(fmt::format("coverage: {} more are not measured", named - kNamedProblems));
  return lines;
}

std::string coverage_shortfall(const observe::Coverage &coverage, double least) {
  const observe::Share lines = observe::totals_of(coverage).lines;
  if (lines.all == 0) return "no line was measured, so the coverage is not known to be at least that of --coverage-min";
  const double percent = 100.0 * static_cast<double>(lines.done) / static_cast<double>(lines.all);
  if (percent >= least) return {};
  return fmt::format("{} of {} lines ran ({:.2f} %), less than the {} % of --coverage-min", lines.done, lines.all,
                     percent, least);
}

}  // namespace kmodtest::report
