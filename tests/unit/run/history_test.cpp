// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/select/history.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <set>
#include <thread>

#include <nlohmann/json.hpp>

#include "storage/files.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::run {
namespace {

using judge::Outcome;
using outcome::Seconds;
using support::ScratchFolder;

plan::Case named_case(const std::string &id, const std::filesystem::path &plan = "/plans/ex7_1.yaml") {
  plan::Case made;
  made.id = id;
  made.plan_file = plan;
  return made;
}

History::Time at(int seconds) {
  return History::Time(std::chrono::seconds(seconds));
}

class HistoryTest : public ::testing::Test {
 protected:
  /// Adds a run that took this long.
  void add_run(const plan::Case &test_case, double seconds, Outcome outcome = Outcome::passed, int when = 1000) {
    History history(file_);
    history.add(test_case, Seconds(seconds), outcome, at(when));
    EXPECT_TRUE(history.save());
  }
  std::optional<Seconds> expected(const plan::Case &test_case) const { return History(file_).expected(test_case); }

  ScratchFolder scratch_;
  std::filesystem::path file_ = scratch_.path() / "cache/history.json";
};

TEST_F(HistoryTest, AMissingFileIsEmpty) {
  EXPECT_EQ(History(file_).find(named_case("a")), nullptr);
  EXPECT_EQ(expected(named_case("a")), std::nullopt);
}

TEST_F(HistoryTest, ExpectsTheMedianOfTheLastFiveRuns) {
  const plan::Case a = named_case("a");
  add_run(a, 100);
  EXPECT_EQ(expected(a), Seconds(100));
  add_run(a, 1);
  EXPECT_EQ(expected(a), Seconds(50.5));
  for (const double seconds : {2.0, 4.0, 3.0, 9.0}) add_run(a, seconds);
  EXPECT_EQ(expected(a), Seconds(3));  // of 1 2 4 3 9; the 100 does not count
  EXPECT_EQ(History(file_).find(a)->seconds, (std::vector<double>{100, 1, 2, 4, 3, 9}));
}

TEST_F(HistoryTest, KeepsTheLastTwentyRuns) {
  const plan::Case a = named_case("a");
  for (int run = 1; run <= 23; ++run) add_run(a, run);
  const std::vector<double> kept = History(file_).find(a)->seconds;
  ASSERT_EQ(kept.size(), 20U);
  EXPECT_EQ(kept.front(), 4);
  EXPECT_EQ(kept.back(), 23);
}

TEST_F(HistoryTest, ReadsWhatTheFirstVersionWrote) {
  const plan::Case a = named_case("a");
  add_run(a, 2);
  auto json = nlohmann::json::parse(storage::read_whole_file(file_));
  json["version"] = 1;
  scratch_.write("cache/history.json", json.dump());
  EXPECT_EQ(expected(a), Seconds(2));
  add_run(a, 4);
  EXPECT_EQ(nlohmann::json::parse(storage::read_whole_file(file_))["version"], 2);
  EXPECT_EQ(expected(a), Seconds(3));
}

TEST_F(HistoryTest, KeepsTheOutcomesOfTheSameRuns) {
  const plan::Case a = named_case("a");
  for (const Outcome outcome :
       {Outcome::leaked, Outcome::passed, Outcome::failed, Outcome::crashed, Outcome::hung, Outcome::errored}) {
    add_run(a, 1, outcome);
  }
  EXPECT_EQ(History(file_).find(a)->outcomes,
            (std::vector<Outcome>{Outcome::leaked, Outcome::passed, Outcome::failed, Outcome::crashed, Outcome::hung,
                                  Outcome::errored}));
}

TEST_F(HistoryTest, WhatWasReadDoesNotChangeDuringTheRun) {
  const plan::Case a = named_case("a");
  add_run(a, 1);
  History history(file_);
  history.add(a, Seconds(99), Outcome::passed);
  EXPECT_EQ(history.expected(a), Seconds(1));
}

TEST_F(HistoryTest, PlansOfOneNameInTwoFoldersDoNotMix) {
  add_run(named_case("a [cpus=1]", "/one/a.yaml"), 1);
  add_run(named_case("a [cpus=1]", "/two/a.yaml"), 2);
  EXPECT_EQ(expected(named_case("a [cpus=1]", "/one/a.yaml")), Seconds(1));
  EXPECT_EQ(expected(named_case("a [cpus=1]", "/two/../two/a.yaml")), Seconds(2));
  EXPECT_EQ(expected(named_case("a [cpus=2]", "/two/a.yaml")), std::nullopt);
}

TEST_F(HistoryTest, ARelativePathIsTheSamePlan) {
  EXPECT_EQ(history_key(named_case("a", "a.yaml")),
            history_key(named_case("a", std::filesystem::current_path() / "a.yaml")));
}

TEST_F(HistoryTest, WithoutAPlanTheInputsTellCasesApart) {
  plan::Case one = named_case("m [cpus=1]", "");
  plan::Case two = one;
  one.input = "/one/m.ko";
  two.input = "/two/m.ko";
  EXPECT_NE(history_key(one), history_key(two));
}

TEST_F(HistoryTest, WhatAnotherProcessWroteMeanwhileIsKept) {
  const plan::Case a = named_case("a");
  const plan::Case b = named_case("b");
  History first(file_);
  History second(file_);
  first.add(a, Seconds(1), Outcome::passed);
  first.add(b, Seconds(5), Outcome::passed);
  second.add(a, Seconds(3), Outcome::hung);
  EXPECT_TRUE(first.save());
  EXPECT_TRUE(second.save());
  const History both(file_);
  EXPECT_EQ(both.find(a)->seconds, (std::vector<double>{1, 3}));
  EXPECT_EQ(both.find(a)->outcomes, (std::vector<Outcome>{Outcome::passed, Outcome::hung}));
  EXPECT_EQ(both.expected(b), Seconds(5));
}

TEST_F(HistoryTest, SavesWhatWasAddedOnce) {
  const plan::Case a = named_case("a");
  History history(file_);
  history.add(a, Seconds(1), Outcome::passed);
  EXPECT_TRUE(history.save());
  EXPECT_TRUE(history.save());
  EXPECT_EQ(History(file_).find(a)->seconds.size(), 1U);
}

TEST_F(HistoryTest, ManyWritersLoseNothing) {
  std::vector<std::thread> writers;
  for (int number = 0; number < 8; ++number) {
    writers.emplace_back([this, number] {
      for (int run = 0; run < 5; ++run) {
        History history(file_);
        history.add(named_case(fmt::format("case {} {}", number, run)), Seconds(run), Outcome::passed);
        history.save();
      }
    });
  }
  for (std::thread &writer : writers) writer.join();
  const History all(file_);
  for (int number = 0; number < 8; ++number) {
    for (int run = 0; run < 5; ++run) {
      EXPECT_EQ(all.expected(named_case(fmt::format("case {} {}", number, run))), Seconds(run)) << number << " " << run;
    }
  }
}

TEST_F(HistoryTest, ADamagedFileIsEmptyAndTheNextRunMendsIt) {
  const plan::Case a = named_case("a");
  for (const char *damaged : {"", "{", "null", "[]", "7", "\xff\xfe", R"({"schema": "kmodtest-history", "version": 1})",
                              R"({"schema": "kmodtest-history", "version": 1, "cases": []})",
                              R"({"schema": 7, "version": "x", "cases": {}})"}) {
    scratch_.write("cache/history.json", damaged);
    EXPECT_EQ(expected(a), std::nullopt) << damaged;
    add_run(a, 2);
    EXPECT_EQ(expected(a), Seconds(2)) << damaged;
  }
}

TEST_F(HistoryTest, AnotherVersionIsEmpty) {
  const plan::Case a = named_case("a");
  add_run(a, 2);
  auto json = nlohmann::json::parse(storage::read_whole_file(file_));
  json["version"] = 3;
  scratch_.write("cache/history.json", json.dump());
  EXPECT_EQ(expected(a), std::nullopt);
}

TEST_F(HistoryTest, OneDamagedCaseDoesNotTakeTheOthersAlong) {
  const plan::Case a = named_case("a");
  const plan::Case b = named_case("b");
  for (const char *damaged :
       {"7", "{}", R"({"seconds": [1], "outcomes": ["passed"]})", R"({"seconds": 1, "outcomes": 2, "updated": 3})",
        R"({"seconds": [], "outcomes": [], "updated": 3})",
        R"({"seconds": [-1], "outcomes": ["passed"], "updated": 3})",
        R"({"seconds": ["1"], "outcomes": ["passed"], "updated": 3})",
        R"({"seconds": [1], "outcomes": [1], "updated": 3})",
        R"({"seconds": [1, 2], "outcomes": ["passed"], "updated": 3})",
        R"({"seconds": [1], "outcomes": ["passed"], "updated": "y"})",
        R"({"seconds": [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],
            "outcomes": ["hung","hung","hung","hung","hung","hung","hung","hung","hung","hung","hung","hung","hung",
            "hung","hung","hung","hung","hung","hung","hung","hung"], "updated": 3})",
        R"({"seconds": [1], "outcomes": ["no such outcome"], "updated": 3})"}) {
    std::filesystem::remove(file_);
    add_run(a, 1);
    add_run(b, 2);
    auto json = nlohmann::json::parse(storage::read_whole_file(file_));
    json["cases"][history_key(a)] = nlohmann::json::parse(damaged);
    scratch_.write("cache/history.json", json.dump());
    EXPECT_EQ(expected(a), std::nullopt) << damaged;
    EXPECT_EQ(expected(b), Seconds(2)) << damaged;
  }
}

TEST_F(HistoryTest, WhatCannotBeWrittenIsNoError) {
  scratch_.write("cache", "a file where the folder should be");
  History history(file_);
  history.add(named_case("a"), Seconds(1), Outcome::passed);
  EXPECT_FALSE(history.save());
}

TEST_F(HistoryTest, TheCasesThatDidNotRunForLongestAreDropped) {
  History history(file_);
  const plan::Case old = named_case("old");
  const plan::Case older = named_case("older");
  history.add(old, Seconds(1), Outcome::passed, at(20));
  history.add(older, Seconds(1), Outcome::passed, at(10));
  for (std::size_t number = 0; number < History::kCases - 1; ++number) {
    history.add(named_case(fmt::format("case {}", number)), Seconds(1), Outcome::passed, at(30));
  }
  EXPECT_TRUE(history.save());
  EXPECT_EQ(expected(older), std::nullopt);
  EXPECT_EQ(expected(old), Seconds(1));
  EXPECT_EQ(nlohmann::json::parse(storage::read_whole_file(file_)).at("cases").size(), History::kCases);
  // A case that runs again is no longer the oldest.
  add_run(old, 1, Outcome::passed, 40);
  add_run(named_case("new"), 1, Outcome::passed, 50);
  EXPECT_TRUE(expected(old).has_value());
  EXPECT_TRUE(expected(named_case("new")).has_value());
}

TEST_F(HistoryTest, LeavesNothingBesideTheFileButItsLock) {
  add_run(named_case("a"), 1);
  std::set<std::string> files;
  for (const auto &entry : std::filesystem::recursive_directory_iterator(file_.parent_path())) {
    files.insert(entry.path().lexically_relative(file_.parent_path()));
  }
  EXPECT_EQ(files, (std::set<std::string>{"history.json", "locks", "locks/history.lock"}));
}

}  // namespace
}  // namespace kmodtest::run
