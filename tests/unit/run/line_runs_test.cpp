// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/explore/line_runs.hpp"

#include <gtest/gtest.h>

namespace kmodtest::run {
namespace {

using outcome::LineRun;

/// Returns so many lines of one thread, from the given one on.
std::vector<LineRun> lines_from(int first, int count, const std::string &thread = "worker()") {
  std::vector<LineRun> lines;
  for (int i = first; i < first + count; ++i) lines.push_back({.thread = thread, .place = "a.c:" + std::to_string(i)});
  return lines;
}

std::vector<LineRun> joined(std::vector<LineRun> lines, const std::vector<LineRun> &more) {
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

TEST(CompareRuns, KeepsTheLastCommonLinesAndWhatFollows) {
  const auto common = lines_from(1, 20);
  outcome::ScheduleStory story;
  compare_runs(joined(common, lines_from(50, 3)), joined(common, lines_from(70, 100)), story);
  EXPECT_EQ(story.common, 20U);
  EXPECT_EQ(story.skipped, 14U);
  ASSERT_EQ(story.failing.lines.size(), 6U + 3U);
  EXPECT_EQ(story.failing.lines.front().place, "a.c:15");
  EXPECT_EQ(story.failing.lines.back().place, "a.c:52");
  EXPECT_EQ(story.failing.more, 0U);
  ASSERT_EQ(story.passing.lines.size(), 6U + 40U);
  EXPECT_EQ(story.passing.lines[6].place, "a.c:70");
  EXPECT_EQ(story.passing.more, 60U);
}

TEST(CompareRuns, AThreadThatIsHeldUpStillDoesTheSame) {
  auto held = lines_from(1, 3);
  held[2].wait = "1.07 ms";
  outcome::ScheduleStory story;
  compare_runs(joined(held, lines_from(9, 1, "other()")), joined(lines_from(1, 3), lines_from(4, 2)), story);
  EXPECT_EQ(story.common, 3U);
  EXPECT_EQ(story.skipped, 0U);
  EXPECT_EQ(story.failing.lines[2].wait, "1.07 ms");
}

TEST(CompareRuns, OneCanBeTheBeginningOfTheOther) {
  outcome::ScheduleStory story;
  compare_runs(lines_from(1, 2), lines_from(1, 5), story);
  EXPECT_EQ(story.common, 2U);
  EXPECT_EQ(story.failing.lines.size(), 2U);
  EXPECT_EQ(story.passing.lines.size(), 5U);
  compare_runs({}, lines_from(1, 5), story);
  EXPECT_EQ(story.common, 0U);
}

TEST(WaitOfASchedule, IsInAUnitThatFits) {
  using namespace std::chrono_literals;
  EXPECT_EQ(duration_of_wait(870us), "870 µs");
  EXPECT_EQ(duration_of_wait(1071us), "1.07 ms");
}

}  // namespace
}  // namespace kmodtest::run
