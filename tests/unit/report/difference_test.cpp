// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/failure/difference.hpp"

#include <gmock/gmock.h>

#include "judge/observations.hpp"
#include "report/listeners.hpp"
#include "support/sample_case.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::report {
namespace {

using judge::Outcome;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

outcome::CaseFinished run_with(int milliseconds, const std::string &digest) {
  outcome::CaseFinished run = support::finished(support::make_case("ex7_1", 2), Outcome::passed);
  run.digest = digest;
  auto seen = std::make_shared<judge::Observations>();
  seen->messages.push_back(wire::LogLines{{support::line(5140, "Thread started")}, 0});
  seen->messages.push_back(wire::LogLines{{support::line(milliseconds, "Thread exiting")}, 0});
  run.seen = seen;
  run.digested = seen->messages.size();
  return run;
}

/// Returns two runs of a case, whose second log lines are a millisecond apart.
outcome::CaseFinished unlike() {
  outcome::CaseFinished earlier = run_with(6000, std::string(64, 'a'));
  earlier.artifacts = "out/ex7_1_cpus=2_repeat=1";
  outcome::CaseFinished run = run_with(6001, std::string(64, 'b'));
  run.repeat = 3;
  run.number = 2;
  run.artifacts = "out/ex7_1_cpus=2_repeat=3";
  run.test_case = earlier.test_case;
  run.unlike = std::make_shared<const outcome::CaseFinished>(earlier);
  return run;
}

TEST(Difference, NamesTheFirstReportThatIsAnother) {
  const outcome::CaseFinished run = unlike();
  EXPECT_THAT(first_difference(run, *run.unlike), AllOf(StartsWith("agent message 2 is {\"report\":\"LogLines\""),
                                                        HasSubstr("6.001"), HasSubstr(", was {")));
  EXPECT_EQ(first_difference(run, run), "");
}

TEST(Difference, WhatFollowsTheLastMessageOfTheDigestDoesNotCount) {
  outcome::CaseFinished run = run_with(6001, "a"), earlier = run_with(6000, "b");
  run.digested = earlier.digested = 1;
  earlier.verdict.outcome = Outcome::failed;
  EXPECT_EQ(first_difference(run, earlier), "all agent messages are the same, but it passed, and failed before");
}

TEST(Difference, ARunMayEndEarlierOrComeToSomethingElse) {
  const outcome::CaseFinished whole = run_with(6000, "a");
  outcome::CaseFinished shorter = run_with(6000, "b");
  auto seen = std::make_shared<judge::Observations>(*shorter.seen);
  seen->messages.pop_back();
  shorter.seen = seen;
  EXPECT_THAT(first_difference(shorter, whole), StartsWith("agent message 2 is none, was {"));
  outcome::CaseFinished failed = run_with(6000, "c");
  failed.verdict.outcome = Outcome::failed;
  EXPECT_EQ(first_difference(failed, whole), "all agent messages are the same, but it failed, and passed before");
}

TEST(Difference, IsToldBelowTheCaseAndCountedAtTheEnd) {
  const std::string text = support::console_output({}, {outcome::RunStarted{1, 1, "", 3, {}}, *unlike().unlike,
                                                        unlike(), support::run_finished({2, 0, 0, 0, 0, 0, 0})});
  EXPECT_THAT(text, HasSubstr(" Unlike run 1 of it: agent message 2 is {"));
  EXPECT_THAT(text, HasSubstr("kept in out/ex7_1_cpus=2_repeat=1\n"));
  EXPECT_THAT(text, HasSubstr("kept in out/ex7_1_cpus=2_repeat=3\n"));
  EXPECT_THAT(text, HasSubstr("2 of 2 passed, 1 different from the first: ex7_1 [cpus=2]\n"));
}

TEST(Difference, BothRunsAreKeptThoughTheyPassed) {
  const support::ScratchFolder folder;
  const auto failed = folder / "failed/one";
  const std::unique_ptr<outcome::Listener> listener = make_failure_artifacts(failed);
  listener->on(unlike());
  outcome::CaseFinished another = unlike();
  another.artifacts = "out/ex7_1_cpus=2_repeat=4";
  listener->on(another);
  std::set<std::string> names;
  for (const auto &entry : std::filesystem::directory_iterator(failed)) names.insert(entry.path().filename());
  EXPECT_THAT(names, testing::ElementsAre(".kmodtest-run", "ex7_1_cpus=2_repeat=1", "ex7_1_cpus=2_repeat=3",
                                          "ex7_1_cpus=2_repeat=4"));
}

}  // namespace
}  // namespace kmodtest::report
