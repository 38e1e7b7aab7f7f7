// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/select/shard.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "support/scratch_folder.hpp"

namespace kmodtest::run {
namespace {

using outcome::Seconds;
using support::ScratchFolder;

TEST(Split, LongestFirstGoesToTheShardWithTheLeastToDo) {
  EXPECT_EQ(split({{"a", Seconds(2)}, {"b", Seconds(7)}, {"c", Seconds(3)}, {"d", Seconds(5)}, {"e", Seconds(3)}}, 2),
            (std::vector<int>{2, 1, 2, 2, 1}));
}

TEST(Split, WithoutHistoryCasesAreDealtOutById) {
  EXPECT_EQ(split({{"d", {}}, {"a", {}}, {"c", {}}, {"b", {}}, {"e", {}}}, 3), (std::vector<int>{1, 1, 3, 2, 2}));
}

TEST(Split, WhatIsNotKnownIsDealtOutEvenlyToTheShardWithLeastToDoFirst) {
  EXPECT_EQ(split({{"long", Seconds(60)}, {"short", Seconds(1)}, {"x", {}}, {"y", {}}, {"z", {}}}, 2),
            (std::vector<int>{1, 2, 2, 1, 2}));
}

TEST(Split, DoesNotDependOnTheOrderOfTheCases) {
  std::vector<ShardItem> items;
  for (int number = 0; number < 50; ++number) {
    std::optional<Seconds> expected;
    if (number % 4 != 0) expected = Seconds(number % 5);
    items.push_back({"case " + std::to_string(number), expected});
  }
  const std::vector<int> forwards = split(items, 4);
  std::reverse(items.begin(), items.end());
  std::vector<int> backwards = split(items, 4);
  std::reverse(backwards.begin(), backwards.end());
  EXPECT_EQ(forwards, backwards);
}

TEST(Split, MoreShardsThanCasesLeavesSomeEmpty) {
  EXPECT_EQ(split({{"b", {}}, {"a", {}}}, 4), (std::vector<int>{2, 1}));
  EXPECT_TRUE(split({}, 4).empty());
}

std::vector<std::shared_ptr<const plan::Case>> some_cases(int number) {
  std::vector<std::shared_ptr<const plan::Case>> cases;
  for (int index = 0; index < number; ++index) {
    auto test_case = std::make_shared<plan::Case>();
    test_case->id = "case " + std::to_string(index);
    test_case->plan_name = "plan";
    test_case->plan_file = "/plans/plan.yaml";
    cases.push_back(test_case);
  }
  return cases;
}

TEST(CasesOfShard, EveryCaseIsInExactlyOneShardAndTheOrderStays) {
  const ScratchFolder scratch;
  const auto cases = some_cases(41);
  History history(scratch.path() / "history.json");
  for (std::size_t index = 0; index < cases.size(); index += 2) {
    history.add(*cases[index], Seconds(static_cast<double>(index)), judge::Outcome::passed);
  }
  ASSERT_TRUE(history.save());
  const History known(scratch.path() / "history.json");
  std::set<std::string> seen;
  std::size_t together = 0;
  std::vector<double> loads;
  for (int number = 1; number <= 3; ++number) {
    const ShardCases mine = cases_of_shard(cases, {number, 3}, known);
    together += mine.cases.size();
    loads.push_back(0);
    std::size_t place = 0;
    for (const auto &test_case : mine.cases) {
      seen.insert(test_case->id);
      const auto at = static_cast<std::size_t>(std::find(cases.begin(), cases.end(), test_case) - cases.begin());
      EXPECT_GE(at, place);
      place = at;
      if (const auto expected = known.expected(*test_case)) loads.back() += expected->count();
    }
  }
  EXPECT_EQ(together, 41U);
  EXPECT_EQ(seen.size(), 41U);
  const auto [least, most] = std::minmax_element(loads.begin(), loads.end());
  EXPECT_LE(*most - *least, 12);  // of 140 each
}

TEST(CasesOfShard, ACaseThatIsThereTwiceIsRunTwice) {
  const ScratchFolder scratch;
  const History history(scratch.path() / "history.json");
  auto cases = some_cases(2);
  cases.push_back(cases[0]);
  EXPECT_EQ(cases_of_shard(cases, {1, 2}, history).cases.size(), 2U);
  EXPECT_EQ(cases_of_shard(cases, {2, 2}, history).cases.size(), 1U);
}

TEST(CasesOfShard, TheNoticeShowsWhetherShardsAgree) {
  const ScratchFolder scratch;
  const auto cases = some_cases(5);
  const History none(scratch.path() / "history.json");
  History other(scratch.path() / "other.json");
  other.add(*cases[4], Seconds(100), judge::Outcome::passed);
  ASSERT_TRUE(other.save());
  const auto split_in = [](const std::string &notice) { return notice.substr(notice.find("(split")); };
  const std::string first = cases_of_shard(cases, {1, 2}, none).notice;
  EXPECT_EQ(first.substr(0, first.find("(split")), "shard 1/2 has 3 of the 5 selected cases ");
  EXPECT_EQ(split_in(first).substr(15), ": equal in all shards of a run)");
  EXPECT_EQ(split_in(cases_of_shard(cases, {2, 2}, none).notice), split_in(first));
  EXPECT_NE(split_in(cases_of_shard(cases, {2, 2}, History(scratch.path() / "other.json")).notice), split_in(first));
}

}  // namespace
}  // namespace kmodtest::run
