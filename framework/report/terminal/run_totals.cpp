// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/terminal/run_totals.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

#include "report/terminal/painted.hpp"
#include "report/terminal/running_cases.hpp"
#include "text/utf8.hpp"
#include "text/words.hpp"

namespace kmodtest::report {
namespace {

constexpr std::size_t kShortestBar = 10, kLongestBar = 24;

/// Returns "[=====>    ] ", `width` columns wide without the last blank.
std::string progress_bar(std::size_t done, std::size_t all, std::size_t width) {
  const std::size_t inside = width - 2;
  const std::size_t filled = all == 0 ? 0 : std::min(done * inside / all, inside);
  std::string bar(filled, '=');
  if (filled < inside) bar += '>';
  return "[" + text::pad_right(bar, inside) + "] ";
}

}  // namespace

void RunTotals::start(const outcome::RunStarted &started, Time now) {
  start_ = now;
  cases_ = started.cases;
  repeats_ = static_cast<std::size_t>(std::max(started.repeats, 1));
  if (started.shuffle_seed) order_ = fmt::format(" (--shuffle {})", *started.shuffle_seed);
}

void RunTotals::add(outcome::Result result, bool slow) {
  ++done_[result];
  if (slow) ++slow_;
}

std::string RunTotals::running_line(std::size_t running, Time now, std::size_t width, const Palette &palette) const {
  std::size_t done = 0;
  std::string numbers = fmt::format("{} running", running);
  std::string painted = numbers;
  for (const auto &[result, number] : done_) {
    done += number;
    const std::string part = fmt::format("{} {}", number, outcome::result_name(result));
    numbers += ", " + part;
    painted += ", " + palette.of(result, part);
  }
  const std::string clock = bracketed_clock(now - start_);
  const std::string so_far = fmt::format("{}/{}: ", done, cases_ * repeats_);
  const std::size_t used =
      kWordWidth + 1 + text::columns(clock) + 1 + text::columns(so_far) + text::columns(numbers) + 1;
  const std::size_t room = width > used ? std::min(width - used, kLongestBar) : 0;
  const std::string bar = room < kShortestBar ? "" : progress_bar(done, cases_ * repeats_, room);
  return palette.cyan(text::pad_left("Running", kWordWidth)) + " " + clock + " " + bar + so_far + painted;
}

std::string RunTotals::summary(const outcome::RunFinished &finished, const Palette &palette) const {
  std::size_t runs = finished.not_run;
  bool all_well = finished.not_run == 0 && !finished.interrupted;
  std::vector<std::string> parts;
  for (const outcome::Result result : outcome::kResults) {
    const std::size_t number = outcome::number_of(finished, result);
    if (number == 0) continue;
    runs += number;
    all_well &= outcome::went_well(result);
    parts.push_back(palette.of(result, fmt::format("{} {}", number, outcome::result_name(result))));
  }
  if (finished.not_run > 0) parts.push_back(fmt::format("{} not run", finished.not_run));
  std::string line = text::counted(runs, "case");
  if (repeats_ > 1) line = fmt::format("{} of {}", text::counted(runs, "run"), text::counted(cases_, "case"));
  line = all_well ? line : palette.bold(line);
  if (!parts.empty()) line += fmt::format(": {}", fmt::join(parts, ", "));
  const std::string slow = slow_ > 0 ? " " + palette.yellow(fmt::format("({} slow)", slow_)) : "";
  return line + (finished.interrupted ? ", interrupted after " : " in ") + text::wall_time(finished.took) + slow +
         order_;
}

}  // namespace kmodtest::report
