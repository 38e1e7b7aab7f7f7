// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/failure/failure_groups.hpp"

#include <gtest/gtest.h>

#include "support/sample_case.hpp"

namespace kmodtest::report {
namespace {

using judge::Outcome;

class FailureGroupsTest : public ::testing::Test {
 protected:
  /// Returns the label of the case that failed in the same way before; empty: none.
  std::string add(std::map<std::string, std::string> point, Outcome outcome, const std::string &reason = {}) {
    const int cpus = std::stoi(point.at("cpus"));
    std::string rest;
    for (const auto &[name, value] : point) rest += name == "cpus" ? "" : " " + name + "=" + value;
    auto test_case = std::make_shared<plan::Case>(*support::make_case("ex", cpus, rest));
    test_case->point = std::move(point);
    outcome::CaseFinished finished = support::finished(test_case, outcome, reason);
    const FailureGroups::Member *first = groups_.first_of(groups_.add(finished));
    return first == nullptr ? "" : first->label;
  }

  FailureGroups groups_;
};

TEST_F(FailureGroupsTest, TheSameFailureAtSeveralPointsIsOne) {
  EXPECT_EQ(add({{"cpus", "1"}}, Outcome::passed), "");
  EXPECT_EQ(add({{"cpus", "16"}}, Outcome::crashed, "divide error in f2+0x1c [ex], pid 71, after 1.25 s"), "");
  EXPECT_EQ(add({{"cpus", "4"}}, Outcome::crashed, "divide error in f2+0x1c [ex], pid 80, after 3 s"), "ex [cpus=16]");
  EXPECT_EQ(groups_.points_of(1), "with cpus=4, 16; not with cpus=1");
  EXPECT_EQ(groups_.points_of(2), "with cpus=4, 16; not with cpus=1");
  EXPECT_EQ(groups_.points_of(0), "") << "it passed";
}

TEST_F(FailureGroupsTest, AnotherPlaceOrOutcomeIsAnotherFailure) {
  add({{"cpus", "1"}}, Outcome::crashed, "divide error in f2+0x1c [ex]");
  EXPECT_EQ(add({{"cpus", "2"}}, Outcome::crashed, "divide error in f2+0x2c [ex]"), "");
  EXPECT_EQ(add({{"cpus", "4"}}, Outcome::hung, "divide error in f2+0x1c [ex]"), "");
  EXPECT_EQ(add({{"cpus", "8"}}, Outcome::crashed, "divide error in f3+0x1c [ex]"), "");
  EXPECT_EQ(groups_.points_of(0), "") << "its label says where it came";
}

TEST_F(FailureGroupsTest, PointsOfSeveralVariablesAreNamedInFull) {
  add({{"cpus", "1"}, {"mode", "a"}}, Outcome::failed, "x");
  add({{"cpus", "1"}, {"mode", "b"}}, Outcome::passed);
  add({{"cpus", "2"}, {"mode", "a"}}, Outcome::failed, "x");
  EXPECT_EQ(groups_.points_of(0), "with [cpus=1 mode=a], [cpus=2 mode=a]; not with [cpus=1 mode=b]");
}

TEST_F(FailureGroupsTest, ManyPointsAreCounted) {
  for (int cpus = 1; cpus <= 9; ++cpus) add({{"cpus", std::to_string(cpus)}}, Outcome::failed, "x");
  EXPECT_EQ(groups_.points_of(0), "with cpus=1, 2, 3, 4, 5, 6 and 3 more");
}

TEST_F(FailureGroupsTest, RepeatsOfOnePointHaveNoPoints) {
  add({{"cpus", "2"}}, Outcome::failed, "x");
  EXPECT_EQ(add({{"cpus", "2"}}, Outcome::failed, "x"), "ex [cpus=2]");
  EXPECT_EQ(groups_.points_of(1), "");
}

}  // namespace
}  // namespace kmodtest::report
