// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/repeatability.hpp"

#include <gtest/gtest.h>

#include "judge/observations.hpp"
#include "support/sample_case.hpp"

namespace kmodtest::run {
namespace {

using judge::Outcome;

outcome::CaseFinished run_of(const std::shared_ptr<const plan::Case> &test_case, int repeat,
                             const std::string &digest) {
  outcome::CaseFinished finished = support::finished(test_case, Outcome::passed);
  finished.repeat = repeat;
  finished.digest = digest;
  return finished;
}

TEST(RepeatabilityCheck, ARunWithAnotherDigestThanTheFirstIsUnlikeIt) {
  RepeatabilityCheck runs;
  const auto test_case = support::make_case("ex7_1", 2);
  auto first = run_of(test_case, 2, "a"), same = run_of(test_case, 1, "a"), other = run_of(test_case, 3, "b");
  runs.compare(first, "out/2");
  runs.compare(same, "out/1");
  runs.compare(other, "out/3");
  EXPECT_EQ(first.unlike, nullptr);
  EXPECT_EQ(same.unlike, nullptr);
  EXPECT_TRUE(same.artifacts.empty()) << "nobody wants to see it";
  ASSERT_NE(other.unlike, nullptr);
  EXPECT_EQ(other.unlike->repeat, 2);
  EXPECT_EQ(other.unlike->artifacts, "out/2");
  EXPECT_EQ(other.artifacts, "out/3");
}

TEST(RepeatabilityCheck, CasesAreComparedWithThemselves) {
  RepeatabilityCheck runs;
  auto one = run_of(support::make_case("ex7_1", 1), 1, "a"), two = run_of(support::make_case("ex7_1", 2), 1, "b");
  runs.compare(one, "");
  runs.compare(two, "");
  EXPECT_EQ(two.unlike, nullptr);
}

TEST(RepeatabilityCheck, WhatHasNoDigestIsNotCompared) {
  RepeatabilityCheck runs;
  const auto test_case = support::make_case("ex7_1", 2);
  auto first = run_of(test_case, 1, "a"), real_time = run_of(test_case, 2, "");
  for (auto *run : {&first, &real_time}) runs.compare(*run, "");
  EXPECT_EQ(real_time.unlike, nullptr);
}

TEST(RepeatabilityCheck, RunsThatCrashedOrHungAreCompared) {
  RepeatabilityCheck runs;
  const auto test_case = support::make_case("ex7_1", 2);
  auto first = run_of(test_case, 1, "a"), hung = run_of(test_case, 2, "b");
  auto seen = std::make_shared<judge::Observations>();
  seen->ending.kind = judge::Ending::Kind::stuck;
  hung.seen = seen;
  for (auto *run : {&first, &hung}) runs.compare(*run, "");
  EXPECT_EQ(hung.unlike->digest, "a");
}

}  // namespace
}  // namespace kmodtest::run
