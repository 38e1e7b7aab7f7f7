// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/watch/watch_state.hpp"

#include <gtest/gtest.h>

namespace kmodtest::run {
namespace {

using judge::Outcome;
using outcome::Result;
using Ids = std::vector<std::string>;

std::shared_ptr<const plan::Case> watched_case(const std::string &plan, const std::string &id) {
  auto test_case = std::make_shared<plan::Case>();
  test_case->plan_file = plan;
  test_case->id = id;
  return test_case;
}

class WatchStateTest : public ::testing::Test {
 protected:
  WatchStateTest() { state_.set_cases({watched_case("p", "a"), watched_case("p", "b"), watched_case("q", "a")}); }

  Ids take() {
    Ids ids;
    taken_ = state_.take_stale();
    for (const auto &one : taken_) ids.push_back(one->plan_file.string() + "/" + one->id);
    return ids;
  }
  void finish(std::size_t which, Outcome outcome) {
    outcome::CaseFinished finished;
    finished.test_case = taken_.at(which);
    finished.verdict.outcome = outcome;
    state_.finished(finished);
  }
  /// Runs the stale cases; these get another result than passed.
  void run(const std::map<std::size_t, Outcome> &others = {}) {
    take();
    for (std::size_t which = 0; which < taken_.size(); ++which) {
      const auto other = others.find(which);
      finish(which, other == others.end() ? Outcome::passed : other->second);
    }
    state_.run_ended(false);
  }

  WatchState state_;
  WatchState::Cases taken_;
};

TEST_F(WatchStateTest, AllRunAtFirstAndThenWhatIsTouched) {
  EXPECT_TRUE(state_.any_stale());
  EXPECT_EQ(take(), (Ids{"p/a", "p/b", "q/a"}));
  EXPECT_FALSE(state_.any_stale());
  for (std::size_t which = 0; which < 3; ++which) finish(which, Outcome::passed);
  state_.run_ended(false);
  EXPECT_FALSE(state_.any_stale());
  state_.touch({2});
  EXPECT_EQ(take(), (Ids{"q/a"}));
}

TEST_F(WatchStateTest, TheStandingIsOfAllCases) {
  run({{1, Outcome::failed}});
  EXPECT_EQ(state_.results(), (std::map<Result, std::size_t>{{Result::passed, 2}, {Result::failed, 1}}));
  EXPECT_TRUE(state_.any_failed());
  state_.touch({1});
  run();
  EXPECT_EQ(state_.results(), (std::map<Result, std::size_t>{{Result::passed, 3}}));
  EXPECT_FALSE(state_.any_failed());
}

TEST_F(WatchStateTest, TheFailedOnesRunAgain) {
  run({{0, Outcome::crashed}, {2, Outcome::skipped}});
  state_.touch_failed();
  EXPECT_EQ(take(), (Ids{"p/a"}));
  finish(0, Outcome::passed);
  state_.run_ended(false);
  state_.touch_failed();
  EXPECT_FALSE(state_.any_stale());
  state_.touch_all();
  EXPECT_EQ(take().size(), 3u);
}

TEST_F(WatchStateTest, ARunThatWasCutShortGoesOnWithWhatItDidNotFinish) {
  take();
  finish(0, Outcome::passed);
  state_.touch({0});  // saved while the others run
  state_.run_ended(true);
  EXPECT_EQ(take(), (Ids{"p/a", "p/b", "q/a"}));
  finish(1, Outcome::passed);
  state_.touch({2});
  state_.run_ended(true);
  EXPECT_EQ(take(), (Ids{"p/a", "q/a"})) << "what is done and was not touched holds";
}

TEST_F(WatchStateTest, WhatARunLeftOutByItselfIsNotRunAgainByItself) {
  take();
  finish(0, Outcome::failed);  // --fail-fast
  state_.run_ended(false);
  EXPECT_FALSE(state_.any_stale());
  EXPECT_TRUE(state_.any_failed());
  state_.touch_failed();
  EXPECT_EQ(take().size(), 3u);
}

TEST_F(WatchStateTest, TheKeyForFailedOnesLeavesAloneWhatRuns) {
  run({{0, Outcome::failed}});
  state_.touch({1});
  take();
  state_.touch_failed();
  finish(0, Outcome::passed);
  state_.run_ended(false);
  EXPECT_EQ(take(), (Ids{"p/a"}));
}

TEST_F(WatchStateTest, CasesComeAndGoWithTheirPlans) {
  run({{0, Outcome::failed}});
  state_.set_cases({watched_case("p", "b"), watched_case("q", "a"), watched_case("q", "new")});
  EXPECT_EQ(state_.results(), (std::map<Result, std::size_t>{{Result::passed, 2}}));
  EXPECT_EQ(take(), (Ids{"q/new"}));
}

TEST_F(WatchStateTest, OfRepeatsTheGravestCounts) {
  take();
  finish(0, Outcome::passed);
  finish(0, Outcome::failed);
  finish(0, Outcome::passed);
  EXPECT_EQ(state_.results(), (std::map<Result, std::size_t>{{Result::failed, 1}}));
}

}  // namespace
}  // namespace kmodtest::run
