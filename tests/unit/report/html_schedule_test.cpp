// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>

#include "report/html/schedule.hpp"

namespace kmodtest::report::html {
namespace {

/// Two threads of which the second one is held up in the run that fails.
outcome::ScheduleStory sample_story() {
  outcome::ScheduleStory story;
  story.text = {"CPU 1, in the thread that began in worker(), waits"};
  story.left_out = "before a.c:2";
  story.common = 11;
  story.skipped = 10;
  story.failing.lines = {{0, "worker()", "a.c:1", "x = <y>;", true, ""},
                         {1, "worker()", "a.c:2", "y = x;", false, "1.07 ms"}};
  story.failing.more = 3;
  story.passing.lines = {{0, "worker()", "a.c:1", "x = <y>;", true, ""}};
  return story;
}

std::size_t times(const std::string &text, const std::string &part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(HtmlSchedule, HasALaneForEachThreadInBothRuns) {
  const std::string html = render_schedule(sample_story()).str();
  EXPECT_EQ(times(html, "<table>"), 2U) << html;
  EXPECT_EQ(times(html, "<span>CPU 0 worker()</span>"), 2U) << html;
  EXPECT_EQ(times(html, "<span>CPU 1 worker()</span>"), 2U) << "an empty lane keeps its place";
  EXPECT_EQ(times(html, " runs\""), 3U) << html;
}

TEST(HtmlSchedule, MarksDelaysSharedMemoryAndWhereTheRunsPart) {
  const std::string html = render_schedule(sample_story()).str();
  EXPECT_EQ(times(html, "waits 1.07 ms"), 1U);
  EXPECT_EQ(times(html, ">*</td>"), 2U);
  EXPECT_EQ(times(html, "<tr class=\"parts\">"), 1U);
  EXPECT_EQ(times(html, "… and 3 more lines"), 1U);
  EXPECT_EQ(times(html, "without the delay before a.c:2"), 2U) << "the title, and the region's name";
  EXPECT_EQ(times(html, "x = &lt;y&gt;;"), 2U) << html;
}

TEST(HtmlSchedule, IsOnlyWordsWithoutARunThatPasses) {
  auto story = sample_story();
  story.passing = {};
  const std::string html = render_schedule(story).str();
  EXPECT_EQ(times(html, "<table>"), 0U);
  EXPECT_EQ(times(html, "waits</pre>") + times(html, "waits\n</pre>"), 1U) << html;
}

}  // namespace
}  // namespace kmodtest::report::html
