// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/races.hpp"

#include <gtest/gtest.h>
#include <memory>

#include "observe/races.hpp"
#include "stream.hpp"

namespace kmodtest::judge::testing {
namespace {

class RacyStream : public Stream {
 public:
  RacyStream() {
    test_case.checks.races = plan::Races::meet;
    load().end();
    unload().end();
  }
  void race(std::string where, std::optional<std::uint32_t> step = 0) {
    races_.races.push_back(
        {.where = std::move(where),
         .module = "ex",
         .lines = {"write of 4 bytes to 0xffffffffc0203100 (sum) by a (pid 7) on CPU 0:", "  at adds+0x21/0x60 [ex]"},
         .step = step});
  }
  Verdict judged(wire::Inventory after = {}) {
    seen.races = std::make_shared<const observe::RacesSeen>(races_);
    return complete(std::move(after));
  }
  void expects(const std::string &text) {
    test_case.expect.emplace();
    test_case.expect->reports = {lit(text)};
  }

  observe::RacesSeen races_;
};

TEST(Races, WithoutOneTheCasePasses) {
  RacyStream stream;
  EXPECT_EQ(stream.judged().outcome, Outcome::passed);
}

TEST(Races, ARaceIsJudgedLikeAReportOfTheKernel) {
  RacyStream stream;
  stream.race("adds (ex.c:31) and reads (ex.c:47)");
  const Verdict verdict = stream.judged();
  EXPECT_EQ(verdict.outcome, Outcome::crashed) << "as for KCSAN";
  ASSERT_EQ(verdict.evidence.size(), 1);
  const Evidence &evidence = verdict.evidence[0];
  EXPECT_EQ(evidence.summary, "data race in adds (ex.c:31) and reads (ex.c:47) [ex]");
  EXPECT_EQ(evidence.expected, "no data race");
  EXPECT_EQ(evidence.details.size(), 2);
  EXPECT_EQ(evidence.step, 0) << "the load";
  EXPECT_NE(evidence.hint.find("READ_ONCE"), std::string::npos);
}

TEST(Races, OneWithAFreeNeedsAnotherRemedyThanALock) {
  RacyStream stream;
  stream.race("sends (ex.c:51) and put (ex.c:36)");
  stream.races_.races.back().frees = true;
  const std::string hint = stream.judged().evidence.at(0).hint;
  EXPECT_NE(hint.find("refcount_t"), std::string::npos) << hint;
}

TEST(Races, EachRaceIsAFindingOfItsOwn) {
  RacyStream stream;
  stream.race("adds (ex.c:31) and reads (ex.c:47)");
  stream.race("adds (ex.c:32) and reads (ex.c:47)", 1);
  const Verdict verdict = stream.judged();
  ASSERT_EQ(verdict.evidence.size(), 2);
  EXPECT_EQ(verdict.evidence[1].step, 1) << "the unload";
}

TEST(Races, BeforeTheFirstStepThereIsNoStep) {
  RacyStream stream;
  stream.race("adds (ex.c:31) and reads (ex.c:47)", std::nullopt);
  EXPECT_EQ(stream.judged().evidence.at(0).step, std::nullopt);
}

TEST(Races, AreNotSwitchedOffWithTheKernelsReports) {
  RacyStream stream;
  stream.test_case.checks.reports = false;
  stream.race("adds (ex.c:31) and reads (ex.c:47)");
  EXPECT_EQ(stream.judged().outcome, Outcome::crashed);
}

TEST(Races, APlanCanExpectOne) {
  RacyStream stream;
  stream.race("adds (ex.c:31) and reads (ex.c:47)");
  stream.expects("data race in adds");
  const Verdict verdict = stream.judged();
  EXPECT_EQ(verdict.outcome, Outcome::passed);
  EXPECT_EQ(verdict.came, "Crashed: data race in adds (ex.c:31) and reads (ex.c:47) [ex]");
}

TEST(Races, AnExpectedOneMustBeFound) {
  RacyStream stream;
  stream.expects("data race in adds");
  const Verdict verdict = stream.judged();
  EXPECT_EQ(verdict.outcome, Outcome::failed);
  EXPECT_EQ(verdict.evidence.at(0).summary, "the expected report 'data race in adds' did not appear");
}

TEST(Races, AnExpectedOneDoesNotExcuseAnother) {
  RacyStream stream;
  stream.race("adds (ex.c:31) and reads (ex.c:47)");
  stream.race("other (ex.c:90) and reads (ex.c:47)");
  stream.expects("data race in adds");
  const Verdict verdict = stream.judged();
  EXPECT_EQ(verdict.outcome, Outcome::crashed);
  EXPECT_TRUE(verdict.evidence.at(0).summary.starts_with("data race in other"));
}

TEST(Races, WhatCouldNotBeDecidedIsANote) {
  RacyStream stream;
  stream.races_.notes = {"a and b access the same memory, but their source lines cannot be read"};
  const Verdict verdict = stream.judged();
  EXPECT_EQ(verdict.outcome, Outcome::passed);
  ASSERT_EQ(verdict.notes.size(), 1);
  EXPECT_TRUE(verdict.notes[0].starts_with("a and b"));
}

TEST(Races, TaintIsNotExplainedByThem) {
  RacyStream stream;
  stream.race("adds (ex.c:31) and reads (ex.c:47)");
  wire::Inventory after;
  after.taint = 1u << 9;  // the kernel has warned
  EXPECT_EQ(stream.judged(after).evidence.size(), 2);
}

}  // namespace
}  // namespace kmodtest::judge::testing
