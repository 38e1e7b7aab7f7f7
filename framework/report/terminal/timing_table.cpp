// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/terminal/timing_table.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <string_view>

#include "outcome/timings.hpp"
#include "text/utf8.hpp"

namespace kmodtest::report {

namespace {

constexpr const char *kOther = "other";
constexpr double kLeastShown = 0.0005;  ///< seconds that are not rounded to nothing

double sum(const std::vector<double> &values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

std::string row(std::string_view name, const std::vector<double> &seconds, double whole) {
  const double share = whole > 0 ? 100 * sum(seconds) / whole : 0;
  return fmt::format("  {}  {:>9.3f} s  {:>3.0f} %  {:>7.3f} s\n", text::pad_right(name, 8), sum(seconds), share,
                     outcome::median(seconds));
}

}  // namespace

void TimingTable::add(const outcome::CaseFinished &finished) {
  if (finished.verdict.outcome == judge::Outcome::skipped) return;
  double known = 0;
  for (const outcome::Phase &phase : outcome::phases()) {
    const double seconds = (finished.timings.*phase.field).count();
    seconds_[phase.name].push_back(seconds);
    known += seconds;
  }
  seconds_[kOther].push_back(std::max(0.0, finished.took.count() - known));
  all_.push_back(finished.took.count());
}

std::string TimingTable::render(const Palette &palette) const {
  if (all_.empty()) return {};
  const double whole = sum(all_);
  std::string text = palette.bold("  wall time by phase, of all workers") + "\n" +
                     palette.bold("                  sum  share     median") + "\n";
  std::vector<std::string> names;
  for (const outcome::Phase &phase : outcome::phases()) names.emplace_back(phase.name);
  names.emplace_back(kOther);
  for (const std::string &name : names) {
    const std::vector<double> &seconds = seconds_.at(name);
    if (sum(seconds) >= kLeastShown) text += row(name, seconds, whole);
  }
  return text + row("all", all_, whole);
}

}  // namespace kmodtest::report
