// SPDX-License-Identifier: GPL-2.0-or-later
#include "outcome/trend.hpp"

#include <gtest/gtest.h>

#include "report/html/trends.hpp"
#include "support/sample_case.hpp"

namespace kmodtest::report {
namespace {

using judge::Outcome;
using Trends = std::vector<outcome::Trend>;

outcome::CaseFinished after(std::vector<Outcome> outcomes, Outcome now, double took = 1,
                            std::vector<double> seconds = {}) {
  outcome::CaseFinished made = support::finished(support::make_case("ex7_4", 2), now, "why");
  if (seconds.empty()) seconds.assign(outcomes.size(), 1.0);
  made.past = {.seconds = std::move(seconds), .outcomes = std::move(outcomes)};
  made.took = outcome::Seconds(took + 5);
  made.timings.build = outcome::Seconds(5);
  return made;
}

TEST(TrendTest, without_earlier_runs_there_is_none) {
  EXPECT_EQ(outcome::trends_of(after({}, Outcome::failed)), Trends{});
  EXPECT_EQ(outcome::trends_of(after({}, Outcome::passed, 100)), Trends{});
}

TEST(TrendTest, newly_failing_and_newly_passing_are_about_the_last_run) {
  EXPECT_EQ(outcome::trends_of(after({Outcome::passed}, Outcome::hung)), Trends{outcome::Trend::newly_failing});
  EXPECT_EQ(outcome::trends_of(after({Outcome::failed}, Outcome::hung)), Trends{});
  EXPECT_EQ(outcome::trends_of(after({Outcome::failed}, Outcome::passed)), Trends{outcome::Trend::newly_passing});
  EXPECT_EQ(outcome::trends_of(after({Outcome::passed}, Outcome::passed)), Trends{});
  EXPECT_EQ(outcome::trends_of(after({Outcome::failed}, Outcome::skipped)), Trends{});
}

TEST(TrendTest, flaky_is_to_and_fro) {
  EXPECT_EQ(outcome::trends_of(after({Outcome::passed, Outcome::failed}, Outcome::passed)),
            (Trends{outcome::Trend::newly_passing, outcome::Trend::flaky}));
  EXPECT_EQ(outcome::trends_of(after({Outcome::passed, Outcome::failed, Outcome::passed}, Outcome::passed)),
            Trends{outcome::Trend::flaky});
  EXPECT_EQ(outcome::trends_of(after({Outcome::passed, Outcome::passed, Outcome::failed}, Outcome::failed)), Trends{});
  EXPECT_EQ(outcome::trends_of(support::flaky().back()), Trends{outcome::Trend::flaky});
}

TEST(TrendTest, slower_is_more_than_runs_scatter) {
  const std::vector<Outcome> five(5, Outcome::passed);
  EXPECT_EQ(outcome::trends_of(after(five, Outcome::passed, 1.6)), Trends{outcome::Trend::slower});
  EXPECT_EQ(outcome::trends_of(after(five, Outcome::passed, 1.4)), Trends{});  // not by half
  EXPECT_EQ(outcome::trends_of(after(five, Outcome::passed, 0.25, {0.1, 0.1, 0.1, 0.1, 0.1})),
            Trends{});  // not by 0.2 s
  EXPECT_EQ(outcome::trends_of(after(five, Outcome::passed, 1.85, {0.5, 0.8, 1.0, 1.2, 1.5})),
            Trends{});  // they scatter
  EXPECT_EQ(outcome::trends_of(after(five, Outcome::failed, 9)),
            Trends{outcome::Trend::newly_failing});  // it did not pass
  EXPECT_EQ(outcome::trends_of(after({Outcome::passed, Outcome::passed, Outcome::passed}, Outcome::passed, 9)),
            Trends{});  // too few
}

TEST(TrendTest, the_page_shows_them_and_the_last_runs) {
  const outcome::CaseFinished slower = after(std::vector<Outcome>(5, Outcome::passed), Outcome::passed, 1.6);
  const html::CaseEntry entry = html::make_entry(slower, {});
  const std::string trends = html::render_trends({entry}).str();
  EXPECT_NE(trends.find("<h3>1 slower</h3>"), std::string::npos) << trends;
  EXPECT_NE(trends.find("1.6 s instead of 1 s"), std::string::npos) << trends;
  const std::string past = html::render_past(slower).str();
  EXPECT_NE(past.find("last 6 runs: passed, passed, passed, passed, passed, passed; median 1 s, this one 1.6 s"),
            std::string::npos)
      << past;
  EXPECT_NE(html::render_entry(entry).str().find("data-trend=\"slower\""), std::string::npos);
  EXPECT_TRUE(html::render_trends({html::make_entry(after({Outcome::passed}, Outcome::passed), {})}).str().empty());
  EXPECT_TRUE(html::render_past(after({}, Outcome::passed)).str().empty());
}

}  // namespace
}  // namespace kmodtest::report
