// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/expected.hpp"

#include <cerrno>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "judge/observations.hpp"
#include "unit/judge/stream.hpp"

namespace kmodtest::judge {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using Kind = Ending::Kind;

/// Returns the outcome, why a case passed anyway, and the summary of each evidence.
std::vector<std::string> told(const Verdict &verdict) {
  std::vector<std::string> lines = {outcome_name(verdict.outcome)};
  if (!verdict.came.empty()) lines.push_back(verdict.came);
  for (const auto &evidence : verdict.evidence) lines.push_back("- " + evidence.summary);
  return lines;
}

plan::Expect expect_report(std::vector<wire::Pattern> patterns) {
  return {.reports = std::move(patterns), .where = {"ex.yaml", 3, 9}, .source = "expect: {report: …}"};
}
plan::Expect expect_verdict(std::string_view verdict, std::vector<wire::Pattern> says = {}) {
  return {.verdict = plan::expected_verdict_of(verdict),
          .says = std::move(says),
          .where = {"ex.yaml", 3, 9},
          .source = "expect: {verdict: …}"};
}

Stream &oops(Stream &stream) {
  return stream.log("BUG: kernel NULL pointer dereference, address: 0000000000000000", 1)
      .log("Oops: 0002 [#1] PREEMPT SMP NOPTI", 4)
      .log("RIP: 0010:ex_init+0x1c/0x40 [ex]", 4)
      .log("Call Trace:", 4)
      .log("---[ end trace 0000000000000000 ]---", 4);
}

Stream &warning(Stream &stream) {
  return stream.log("------------[ cut here ]------------", 4)
      .log("WARNING: CPU: 0 PID: 63 at ex.c:17 ex_warn+0x2b/0x30 [ex]", 4)
      .log("---[ end trace 0000000000000000 ]---", 4);
}

/// Returns a case whose loading process was killed: nothing is known about the load.
Stream oops_in_load() {
  Stream stream;
  stream.begin(wire::Load{{{"ex", "/tmp/modules/ex.ko", {}}}, 0}, 10s);
  oops(stream).end(wire::StepResult::violated, "the process that loaded ex was killed");
  return stream;
}

TEST(ExpectReport, TheReportPassesTheCase) {
  Stream stream = oops_in_load();
  stream.test_case.expect = expect_report({lit("NULL pointer dereference in ex_init")});
  const auto verdict = stream.complete();
  EXPECT_THAT(told(verdict), ElementsAre("passed", "Crashed: NULL pointer dereference in ex_init+0x1c [ex]",
                                         "- NULL pointer dereference in ex_init+0x1c [ex]"));
  EXPECT_EQ(verdict.evidence[0].expected, "a kernel report like 'NULL pointer dereference in ex_init'");
  EXPECT_EQ(verdict.evidence[0].details.size(), 5u);
  EXPECT_EQ(plan_hint(verdict.evidence[0]), "");
}

TEST(ExpectReport, AnotherReportCrashes) {
  Stream stream = oops_in_load();
  stream.test_case.expect = expect_report({lit("divide error")});
  const auto verdict = stream.complete();
  EXPECT_THAT(told(verdict), ElementsAre("crashed", "- NULL pointer dereference in ex_init+0x1c [ex]",
                                         "- the process that loaded ex was killed",
                                         "- the expected report 'divide error' did not appear"));
  EXPECT_EQ(plan_hint(verdict.evidence[0]),
            "if the plan provokes this on purpose, declare it: 'expect: {report: ...}'");
  EXPECT_EQ(verdict.evidence[2].expected, "a kernel report like 'divide error'");
  EXPECT_EQ(verdict.evidence[2].seen, "NULL pointer dereference in ex_init+0x1c [ex]");
  EXPECT_EQ(verdict.evidence[2].where.line, 3);
}

TEST(ExpectReport, AFurtherReportCrashes) {
  Stream stream;
  stream.begin(wire::Load{{{"ex", "/tmp/modules/ex.ko", {}}}, 0}, 10s);
  warning(stream);
  oops(stream).end(wire::StepResult::violated, "the process that loaded ex was killed");
  stream.test_case.expect = expect_report({lit("NULL pointer")});
  EXPECT_THAT(told(stream.complete()), ElementsAre("crashed", "- WARNING in ex_warn+0x2b [ex]"));
}

TEST(ExpectReport, NoReportFails) {
  Stream stream;
  stream.test_case.expect = expect_report({lit("NULL pointer")});
  stream.load().end();
  stream.unloaded();
  const auto verdict = stream.complete();
  EXPECT_THAT(told(verdict), ElementsAre("failed", "- the expected report 'NULL pointer' did not appear"));
  EXPECT_EQ(verdict.evidence[0].seen, "no kernel report");
  EXPECT_EQ(verdict.evidence[0].hint, "");
}

TEST(ExpectReport, WhatNobodyLookedForIsHintedAt) {
  Stream stream;
  stream.load().end();
  stream.unloaded();
  stream.test_case.expect = expect_report({lit("data race in ex_add")});
  EXPECT_EQ(stream.complete().evidence.at(0).hint,
            "kmodtest looks for data races only with 'checks: {races: true}' or --races");
  stream.test_case.checks.races = plan::Races::meet;
  EXPECT_EQ(stream.verdict(Ending::Kind::completed).evidence.at(0).hint, "");
  stream.test_case.expect = expect_report({lit("double free in ex_exit")});
  EXPECT_EQ(stream.verdict(Ending::Kind::completed).evidence.at(0).hint,
            "kmodtest follows what is freed only with 'checks: {memory: true}' or --check-memory");
  stream.test_case.checks.memory = true;
  EXPECT_EQ(stream.verdict(Ending::Kind::completed).evidence.at(0).hint, "");
}

TEST(ExpectReport, EachOfAListHasToCome) {
  Stream stream;
  stream.load();
  warning(stream).end();
  stream.unloaded();
  stream.test_case.expect = expect_report({lit("WARNING in ex_warn"), regex("^BUG")});
  EXPECT_THAT(told(stream.complete()), ElementsAre("failed", "- the expected report /^BUG/ did not appear"));
  stream.test_case.expect = expect_report({lit("WARNING in ex_warn"), regex("^WARN")});
  EXPECT_THAT(told(stream.verdict(Kind::completed)),
              ElementsAre("passed", "Crashed: WARNING in ex_warn+0x2b [ex]", "- WARNING in ex_warn+0x2b [ex]"));
}

TEST(ExpectReport, AfterAWarningAllElseHasToHold) {
  Stream stream;
  stream.test_case.expect = expect_report({lit("WARNING in ex_warn")});
  stream.load();
  warning(stream).end();
  wire::Inventory inventory;
  inventory.threads = {thread("ex_worker")};
  stream.unloaded(inventory);
  EXPECT_THAT(told(stream.complete(inventory)),
              ElementsAre("leaked", "- thread 'ex_worker' (pid 45) is left after the unload"));

  Stream refused;
  refused.test_case.expect = expect_report({lit("WARNING in ex_warn")});
  refused.load(EINVAL);
  warning(refused).end(wire::StepResult::refused);
  EXPECT_THAT(told(refused.complete()),
              ElementsAre("failed", "- loading ex gave EINVAL (invalid argument): its init function returned -EINVAL"));
}

TEST(ExpectReport, ItsConsequencesAreNoFailures) {
  Stream stream;
  stream.test_case.expect = expect_report({lit("NULL pointer")});
  stream.load();
  oops(stream).end();
  stream.unload(EBUSY).end(wire::StepResult::refused);
  wire::Inventory inventory;
  inventory.modules = {module_record("ex")};
  EXPECT_THAT(told(stream.complete(inventory)),
              ElementsAre("passed", "Crashed: NULL pointer dereference in ex_init+0x1c [ex]",
                          "- NULL pointer dereference in ex_init+0x1c [ex]"));
}

TEST(ExpectReport, AStepBeforeItHasToHold) {
  Stream stream;
  stream.test_case.expect = expect_report({lit("NULL pointer")});
  stream.load(EINVAL).end(wire::StepResult::refused);
  stream.unload();
  oops(stream).end(wire::StepResult::held);
  EXPECT_THAT(told(stream.complete()),
              ElementsAre("failed", "- loading ex gave EINVAL (invalid argument): its init function returned -EINVAL"));
}

TEST(ExpectReport, AConditionBehindItHasToHold) {
  Stream stream;
  stream.test_case.expect = expect_report({lit("NULL pointer")});
  stream.load();
  oops(stream).end();
  wire::LogCondition condition;
  condition.contains = {lit("no such line")};
  stream.begin(condition).end(wire::StepResult::expired);
  EXPECT_THAT(told(stream.complete()), ElementsAre("failed", "- 'no such line' has not appeared (waited 5.000 s)"));
}

TEST(ExpectReport, APanicEndsTheGuestAsExpected) {
  Stream stream;
  stream.test_case.expect = expect_report({lit("panic in ex_init")});
  stream.load();
  stream.log("Kernel panic - not syncing: ex asked", 0).log(" ex_init+0x16/0x1000 [ex]", 4);
  EXPECT_THAT(told(stream.verdict(Kind::panicked, "pvpanic")),
              ElementsAre("passed", "Crashed: panic in ex_init+0x16 [ex]", "- panic in ex_init+0x16 [ex]"));
  stream.test_case.expect = expect_report({lit("divide error")});
  EXPECT_EQ(stream.verdict(Kind::panicked, "pvpanic").outcome, Outcome::crashed);
}

TEST(ExpectReport, AResetOfTheGuestIsOne) {
  Stream stream;
  stream.begin(wire::Load{{{"ex", "/tmp/modules/ex.ko", {}}}, 0}, 10s);
  stream.test_case.expect = expect_report({lit("the guest reset itself")});
  EXPECT_THAT(
      told(stream.verdict(Kind::guest_reset)),
      ElementsAre("passed", "Crashed: the guest reset itself during 'load'", "- the guest reset itself during 'load'"));
  EXPECT_THAT(told(stream.verdict(Kind::guest_gone, "the guest's QEMU ended"))[0], "errored");
}

TEST(ExpectReport, APanicMayBeOnTheConsoleOnly) {
  Stream stream;
  stream.test_case.expect = expect_report({lit("panic in ex_init")});
  stream.load();
  stream.seen.console =
      "[    1.000000] Kernel panic - not syncing: of before the case\r\n"
      "[    1.000001] ---[ end Kernel panic - not syncing: of before the case ]---\r\n"
      "[    3.000010] Kernel panic - not syncing: ex asked\r\n"
      "[    3.000020]  ex_init+0x16/0x1000 [ex]\r\n";
  EXPECT_THAT(told(stream.verdict(Kind::panicked)),
              ElementsAre("passed", "Crashed: panic in ex_init+0x16 [ex]", "- panic in ex_init+0x16 [ex]"));
}

TEST(ExpectReport, AnExpectedStallMayEndWithTheTimeout) {
  Stream stream;
  stream.test_case.expect = expect_report({lit("soft lockup")});
  stream.load()
      .log("watchdog: BUG: soft lockup - CPU#1 stuck for 23s! [ex:71]", 0)
      .log("RIP: 0010:ex_spin+0x9/0x20 [ex]", 4)
      .log("Call Trace:", 4)
      .log(" </TASK>", 4);
  for (const auto kind : {Kind::timed_out, Kind::silent, Kind::stopped_early}) {
    EXPECT_THAT(told(stream.verdict(kind)),
                ElementsAre("passed", "Hung: soft lockup in ex_spin+0x9 [ex]", "- soft lockup in ex_spin+0x9 [ex]"));
  }
  EXPECT_EQ(stream.verdict(Kind::guest_gone).outcome, Outcome::errored);
}

TEST(ExpectReport, ReportsThatAreSwitchedOffStillHaveToCome) {
  Stream stream;
  stream.test_case.checks.reports = false;
  stream.test_case.expect = expect_report({lit("WARNING in ex_warn")});
  stream.load().end();
  stream.unloaded();
  EXPECT_THAT(told(stream.complete()),
              ElementsAre("failed", "- the expected report 'WARNING in ex_warn' did not appear"));
}

TEST(ExpectVerdict, PreciselyItPasses) {
  Stream stream;
  stream.load().end();
  wire::Inventory inventory;
  inventory.threads = {thread("ex_worker")};
  stream.unloaded(inventory);
  stream.test_case.expect = expect_verdict("leaked", {lit("thread 'ex_worker'")});
  EXPECT_THAT(told(stream.complete(inventory)),
              ElementsAre("passed", "Leaked: thread 'ex_worker' (pid 45) is left after the unload",
                          "- thread 'ex_worker' (pid 45) is left after the unload"));
}

TEST(ExpectVerdict, AnotherFailsWithTheEvidenceBelow) {
  Stream stream = oops_in_load();
  stream.test_case.expect = expect_verdict("leaked", {lit("thread")});
  const auto verdict = stream.complete();
  EXPECT_THAT(told(verdict), ElementsAre("failed", "- the verdict had to be leaked, but is crashed",
                                         "- NULL pointer dereference in ex_init+0x1c [ex]",
                                         "- the process that loaded ex was killed"));
  EXPECT_EQ(verdict.evidence[0].expected, "leaked, with 'thread'");
  EXPECT_EQ(verdict.evidence[0].seen, "Crashed: NULL pointer dereference in ex_init+0x1c [ex]");
  EXPECT_EQ(verdict.evidence[0].where.line, 3);
}

TEST(ExpectVerdict, APassFails) {
  Stream stream;
  stream.load().end();
  stream.unloaded();
  stream.test_case.expect = expect_verdict("hung");
  const auto verdict = stream.complete();
  EXPECT_THAT(told(verdict), ElementsAre("failed", "- the verdict had to be hung, but is passed"));
  EXPECT_EQ(verdict.evidence[0].seen, "Passed");
}

TEST(ExpectVerdict, OtherWordsFail) {
  Stream stream;
  stream.load(EINVAL).end(wire::StepResult::refused);
  stream.test_case.expect = expect_verdict("failed", {regex("EINVAL"), lit("EBUSY")});
  EXPECT_THAT(told(stream.complete()),
              ElementsAre("failed", "- the case failed as expected, but does not mention 'EBUSY'",
                          "- loading ex gave EINVAL (invalid argument): its init function returned -EINVAL"));
  stream.test_case.expect->says.pop_back();
  EXPECT_THAT(
      told(stream.verdict(Kind::completed)),
      ElementsAre("passed", "Failed: loading ex gave EINVAL (invalid argument): its init function returned -EINVAL",
                  "- loading ex gave EINVAL (invalid argument): its init function returned -EINVAL"));
}

TEST(ExpectVerdict, AFullDiskOfTheHostIsNoEndOfQemu) {
  Stream stream;
  stream.load();
  stream.seen.ending = {.kind = Kind::guest_gone, .detail = "the host has no room", .code = base::Code::disk_full};
  const Verdict verdict = judge(stream.test_case, stream.seen);
  EXPECT_EQ(verdict.outcome, Outcome::errored);
  ASSERT_FALSE(verdict.evidence.empty());
  EXPECT_EQ(verdict.evidence[0].summary, "the host has no room");
  EXPECT_EQ(verdict.evidence[0].code, base::Code::disk_full);
}

TEST(ExpectVerdict, WhatCannotBeJudgedStaysErrored) {
  Stream stream;
  stream.load();
  stream.test_case.expect = expect_verdict("crashed");
  EXPECT_THAT(told(stream.verdict(Kind::guest_gone, "exit status 1")),
              ElementsAre("errored", "- the guest's QEMU ended: exit status 1",
                          "- the verdict had to be crashed, but is errored"));
  stream.test_case.expect = expect_verdict("errored", {lit("QEMU")});
  EXPECT_THAT(told(stream.verdict(Kind::guest_gone, "exit status 1")),
              ElementsAre("passed", "Errored: the guest's QEMU ended: exit status 1",
                          "- the guest's QEMU ended: exit status 1"));
}

TEST(ExpectVerdict, ARefusalOnTheHostCounts) {
  Stream stream;
  stream.seen.preflight = {{{}, "module 'ex' was built for 6.12.1", "build it for this kernel"}};
  stream.test_case.expect = expect_verdict("failed", {lit("was built for 6.12.1")});
  EXPECT_THAT(told(stream.verdict(Kind::not_started, "preflight")),
              ElementsAre("passed", "Failed: preflight: module 'ex' was built for 6.12.1",
                          "- preflight: module 'ex' was built for 6.12.1"));
}

TEST(ExpectBoth, TheReportsAndTheVerdictOfTheRest) {
  Stream stream;
  stream.load();
  warning(stream).end();
  wire::Inventory inventory;
  inventory.threads = {thread("ex_worker")};
  stream.unloaded(inventory);
  stream.test_case.expect = expect_report({lit("WARNING in ex_warn")});
  stream.test_case.expect->verdict = plan::ExpectedVerdict::leaked;
  EXPECT_THAT(told(stream.complete(inventory)),
              ElementsAre("passed",
                          "Crashed: WARNING in ex_warn+0x2b [ex]; Leaked: thread 'ex_worker' (pid 45) is left after "
                          "the unload",
                          "- thread 'ex_worker' (pid 45) is left after the unload", "- WARNING in ex_warn+0x2b [ex]"));
}

bool early(const Stream &stream) {
  return decided_early(stream.test_case, stream.seen, stream.seen.log());
}

TEST(DecidedEarly, AnExpectedOopsLetsTheProgramGoOn) {
  Stream stream = oops_in_load();
  EXPECT_TRUE(early(stream));
  stream.test_case.expect = expect_report({lit("NULL pointer")});
  EXPECT_FALSE(early(stream));
  stream.test_case.expect = expect_report({lit("divide error")});
  EXPECT_TRUE(early(stream));
}

TEST(DecidedEarly, AnOopsIsWholeWithItsLastLine) {
  const auto whole = [](const Stream &stream) {
    return oops_is_whole(stream.test_case, stream.seen, stream.seen.log());
  };
  Stream half;
  half.load()
      .log("BUG: kernel NULL pointer dereference, address: 0000000000000000", 1)
      .log("Oops: 0002 [#1] PREEMPT SMP NOPTI", 4)
      .log("RIP: 0010:ex_init+0x1c/0x40 [ex]", 4);
  EXPECT_TRUE(early(half));
  EXPECT_FALSE(whole(half));
  half.log("---[ end trace 0000000000000000 ]---", 4);
  EXPECT_TRUE(whole(half));
  Stream warned;
  warning(warned.load());
  EXPECT_FALSE(whole(warned)) << "nothing was killed, and more can follow";
}

TEST(DecidedEarly, HalfAReportMayYetBeTheExpectedOne) {
  Stream stream;
  stream.test_case.expect = expect_report({lit("NULL pointer dereference in ex_init")});
  stream.load().log("BUG: kernel NULL pointer dereference, address: 0000000000000000", 1);
  EXPECT_FALSE(early(stream));
}

TEST(DecidedEarly, AnExpectedStallNeedsNoMore) {
  Stream stream;
  stream.test_case.expect = expect_report({lit("soft lockup in ex_spin"), lit("RCU stall")});
  stream.load()
      .log("watchdog: BUG: soft lockup - CPU#1 stuck for 23s! [ex:71]", 0)
      .log("RIP: 0010:ex_spin+0x9/0x20 [ex]", 4)
      .log("Call Trace:", 4)
      .log(" </TASK>", 4);
  EXPECT_FALSE(early(stream)) << "the RCU stall is still to come";
  stream.test_case.expect->reports.pop_back();
  EXPECT_TRUE(early(stream));
}

TEST(DecidedEarly, AnExpectedVerdictChangesNothing) {
  Stream stream = oops_in_load();
  stream.test_case.expect = expect_verdict("crashed");
  EXPECT_TRUE(early(stream));
}

}  // namespace
}  // namespace kmodtest::judge
