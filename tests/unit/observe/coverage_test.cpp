// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/coverage.hpp"

#include <gtest/gtest.h>

namespace kmodtest::observe {
namespace {

LineCount ran(std::uint64_t times) {
  return {.times = times};
}

TEST(Coverage, AddsTheCountsOfAnotherCase) {
  Coverage sum;
  sum.files["a.c"].lines = {{3, {.times = 1, .jumps = {{.taken = 1, .fell = 0}}}}, {4, ran(0)}};
  sum.files["a.c"].functions["f"] = {.line = 3, .times = 1};
  Coverage more;
  more.files["a.c"].lines = {{3, {.times = 2, .jumps = {{.taken = 0, .fell = 2}}}}, {4, ran(5)}, {9, ran(0)}};
  more.files["a.c"].functions["f"] = {.line = 3, .times = 2};
  more.files["b.c"].lines = {{1, ran(1)}};
  more.missing["c.ko"] = "has no debug information";
  add(sum, more);

  Coverage expected;
  expected.files["a.c"].lines = {{3, {.times = 3, .jumps = {{.taken = 1, .fell = 2}}}}, {4, ran(5)}, {9, ran(0)}};
  expected.files["a.c"].functions["f"] = {.line = 3, .times = 3};
  expected.files["b.c"].lines = {{1, ran(1)}};
  expected.missing["c.ko"] = "has no debug information";
  EXPECT_EQ(sum, expected);
  EXPECT_EQ(totals_of(sum), (CoverageTotals{.lines = {3, 4}, .branches = {2, 2}, .functions = {1, 1}}));
}

TEST(Coverage, MatchesJumpsOfTwoBuildsInTheirOrder) {
  Coverage sum, more;
  sum.files["a.c"].lines[1].jumps = {{.taken = 1, .fell = 0}};
  more.files["a.c"].lines[1].jumps = {{.taken = 0, .fell = 1}, {.taken = 1, .fell = 1}};
  add(sum, more);
  EXPECT_EQ(sum.files["a.c"].lines[1].jumps,
            (std::vector<JumpCount>{{.taken = 1, .fell = 1}, {.taken = 1, .fell = 1}}));
}

TEST(Coverage, APercentageIsRoundedDown) {
  EXPECT_EQ((Share{.done = 999, .all = 1000}).percent(), 99);
  EXPECT_EQ((Share{.done = 2, .all = 2}).percent(), 100);
  EXPECT_EQ((Share{.done = 0, .all = 0}).percent(), 0);
}

TEST(Coverage, AGapEndsWithALineThatRan) {
  Coverage coverage;
  coverage.files["dir/a.c"].lines = {{1, ran(1)}, {3, ran(0)}, {7, ran(0)}, {9, ran(2)}, {10, ran(0)}};
  coverage.files["b.c"].lines = {{4, ran(0)}, {5, ran(0)}, {6, ran(0)}};
  EXPECT_EQ(gaps_of(coverage),
            (std::vector<CoverageGap>{{"b.c", 4, 6, 3}, {"dir/a.c", 3, 7, 2}, {"dir/a.c", 10, 10, 1}}));
  EXPECT_EQ(coverage_summary(coverage), "25 % of lines; b.c 4-6, a.c 3-7, a.c 10 never ran");
}

TEST(Coverage, TheSummaryNamesTheLargestGaps) {
  Coverage coverage;
  FileCoverage &file = coverage.files["a.c"];
  for (std::uint32_t line = 1; line <= 10; ++line) file.lines[line] = ran(line % 2);
  file.lines[1].jumps = {{.taken = 1, .fell = 0}};
  EXPECT_EQ(coverage_summary(coverage),
            "50 % of lines, 50 % of branches; a.c 2, a.c 4, a.c 6 and 2 other places never ran");
}

TEST(Coverage, WithoutAGapThereIsNothingToName) {
  Coverage coverage;
  coverage.files["a.c"].lines = {{1, ran(1)}};
  EXPECT_EQ(coverage_summary(coverage), "100 % of lines");
  EXPECT_EQ(coverage_summary({}), "no line was measured");
}

}  // namespace
}  // namespace kmodtest::observe
