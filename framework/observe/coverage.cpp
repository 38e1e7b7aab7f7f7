// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/coverage.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "text/words.hpp"

namespace kmodtest::observe {
namespace {

constexpr std::size_t kNamedGaps = 3;
constexpr int kAll = 100;

void add_line(LineCount &to, const LineCount &more) {
  to.times += more.times;
  if (to.jumps.size() < more.jumps.size()) to.jumps.resize(more.jumps.size());
  for (std::size_t i = 0; i < more.jumps.size(); ++i) {
    to.jumps[i].taken += more.jumps[i].taken;
    to.jumps[i].fell += more.jumps[i].fell;
  }
}

void add_file(FileCoverage &to, const FileCoverage &more) {
  for (const auto &[number, line] : more.lines) add_line(to.lines[number], line);
  for (const auto &[name, function] : more.functions) {
    FunctionCount &known = to.functions[name];
    known.line = function.line;
    known.times += function.times;
  }
}

void add_share(Share &to, const Share &more) {
  to.done += more.done;
  to.all += more.all;
}

std::string base_name(const std::string &path) {
  return path.substr(path.rfind('/') + 1);
}

void add_gaps(const std::string &name, const FileCoverage &file, std::vector<CoverageGap> &gaps) {
  bool open = false;
  for (const auto &[number, line] : file.lines) {
    if (line.times > 0) {
      open = false;
      continue;
    }
    if (!open) gaps.push_back({.file = name, .first = number});
    open = true;
    gaps.back().last = number;
    ++gaps.back().lines;
  }
}

}  // namespace

void add(Coverage &to, const Coverage &more) {
  for (const auto &[name, file] : more.files) add_file(to.files[name], file);
  to.missing.insert(more.missing.begin(), more.missing.end());
}

int Share::percent() const {
  return all == 0 ? 0 : static_cast<int>(done * kAll / all);
}

Share branches_of(const LineCount &line) {
  Share share;
  for (const JumpCount &jump : line.jumps) {
    share.all += 2;
    share.done += (jump.taken > 0 ? 1u : 0u) + (jump.fell > 0 ? 1u : 0u);
  }
  return share;
}

CoverageTotals totals_of(const FileCoverage &file) {
  CoverageTotals totals;
  for (const auto &[number, line] : file.lines) {
    add_share(totals.lines, {.done = line.times > 0 ? 1u : 0u, .all = 1});
    add_share(totals.branches, branches_of(line));
  }
  for (const auto &[name, function] : file.functions)
    add_share(totals.functions, {.done = function.times > 0 ? 1u : 0u, .all = 1});
  return totals;
}

CoverageTotals totals_of(const Coverage &coverage) {
  CoverageTotals totals;
  for (const auto &[name, file] : coverage.files) {
    const CoverageTotals more = totals_of(file);
    add_share(totals.lines, more.lines);
    add_share(totals.branches, more.branches);
    add_share(totals.functions, more.functions);
  }
  return totals;
}

std::vector<CoverageGap> gaps_of(const Coverage &coverage) {
  std::vector<CoverageGap> gaps;
  for (const auto &[name, file] : coverage.files) add_gaps(name, file, gaps);
  std::stable_sort(gaps.begin(), gaps.end(),
                   [](const CoverageGap &left, const CoverageGap &right) { return left.lines > right.lines; });
  return gaps;
}

std::string coverage_summary(const Coverage &coverage) {
  const CoverageTotals totals = totals_of(coverage);
  if (totals.lines.all == 0) return "no line was measured";
  std::string text = fmt::format("{} % of lines", totals.lines.percent());
  if (totals.branches.all > 0) text += fmt::format(", {} % of branches", totals.branches.percent());
  const std::vector<CoverageGap> gaps = gaps_of(coverage);
  if (gaps.empty()) return text;
  std::string places;
  for (std::size_t i = 0; i < std::min(gaps.size(), kNamedGaps); ++i) {
    const CoverageGap &gap = gaps[i];
    const std::string last = gap.last == gap.first ? "" : fmt::format("-{}", gap.last);
    places += fmt::format("{}{} {}{}", i == 0 ? "" : ", ", base_name(gap.file), gap.first, last);
  }
  if (gaps.size() > kNamedGaps)
    places += fmt::format(" and {}", text::counted(gaps.size() - kNamedGaps, "other place"));
  return fmt::format("{}; {} never ran", text, places);
}

}  // namespace kmodtest::observe
