// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/failure/failure.hpp"

#include <gtest/gtest.h>

#include "judge/observations.hpp"
#include "support/sample_case.hpp"
#include "unit/report/scenario.hpp"

namespace kmodtest::report {
namespace {

using judge::Outcome;

TEST(Failure, TellsAllThereIs) {
  outcome::CaseFinished finished = support::full_failure();
  finished.artifacts = "out/ex7_4_cpus=2_cpu=1";
  judge::Evidence more;
  more.summary = "the thread 'ex7_4' stayed after unload";
  finished.verdict.evidence.push_back(more);
  EXPECT_EQ(render_failure(finished), R"(Failed ex7_4 [cpus=2 cpu=1]: 'Thread exiting' did not appear within 5 s
    --> testplans/ex7_4.yaml:11:24
  11 |   - dmesg: {in_order: [Thread exiting, Exiting!]}
     |                        ^~~~~~
  expected: Thread exiting
      seen: Thread exitting
                        ^
      PID STAT CPU COMMAND
       71 S      1 ex7_4
      hint: the module says something similar: is the text right?
  and: the thread 'ex7_4' stayed after unload
  log of this case:
    [    5.000000] -- step 1: load ex7_4
    [    5.140000] Thread started
    [    6.000000] -- step 5: unload ex7_4
    [    6.200000] Thread exitting
     files: out/ex7_4_cpus=2_cpu=1
     again: kmodtest run testplans/ex7_4.yaml --case "ex7_4 [cpus=2 cpu=1]"
     enter: kmodtest shell testplans/ex7_4.yaml --case "ex7_4 [cpus=2 cpu=1]"
)");
}

TEST(Failure, WhatIsNoFaultOfTheModuleHasACodeThatTellsMore) {
  outcome::CaseFinished finished =
      support::finished(support::make_case("ex7_4", 1), Outcome::errored, "the guest's QEMU ended");
  finished.verdict.evidence.front().hint = "run fewer at once";
  finished.verdict.evidence.front().code = base::Code::guest_gone;
  EXPECT_EQ(render_findings(finished, Palette(false)),
            "      hint: run fewer at once\n      more: kmodtest explain K0803\n");
}

TEST(Failure, AttemptsBeforeTheLastOneStandBehindItInALineEach) {
  outcome::CaseFinished finished = support::full_failure();
  outcome::CaseFinished first = support::finished(finished.test_case, Outcome::crashed, "NULL pointer dereference");
  outcome::CaseFinished second = support::finished(finished.test_case, Outcome::errored, "the channel broke");
  second.attempt = 2;
  finished.attempt = 3;
  finished.repeat = 4;
  finished.earlier = {first, second};
  const std::string text = render_failure(finished);
  EXPECT_EQ(text.substr(0, text.find('\n')),
            "Failed ex7_4 [cpus=2 cpu=1] #4: 'Thread exiting' did not appear within 5 s");
  EXPECT_EQ(text.substr(text.find("    [    6.200000]")), R"(    [    6.200000] Thread exitting
  attempt 1: Crashed: NULL pointer dereference
  attempt 2: Errored: the channel broke
     again: kmodtest run testplans/ex7_4.yaml --case "ex7_4 [cpus=2 cpu=1]"
     enter: kmodtest shell testplans/ex7_4.yaml --case "ex7_4 [cpus=2 cpu=1]"
)");
}

TEST(Failure, ShowsTheEndOfALongLog) {
  outcome::CaseFinished finished = support::finished(support::make_case("ex7_4", 1), Outcome::failed, "no such line");
  std::vector<wire::KernelLogLine> log{support::marker(1, "step 1: load ex7_4")};
  for (int number = 1; number <= 32; ++number) log.push_back(support::line(number * 10, std::to_string(number)));
  finished.seen = support::seen(log);
  const std::string text = render_failure(finished);
  const std::string start =
      "Failed ex7_4 [cpus=1]: no such line\n"
      "  log of this case:\n"
      "    … 2 lines before (--out DIR keeps all lines)\n"
      "    [    0.030000] 3\n";
  EXPECT_EQ(text.substr(0, start.size()), start);
  finished.artifacts = "out/x";
  EXPECT_NE(render_failure(finished).find("    … 2 lines before (all lines: out/x/kmsg.log)\n"), std::string::npos);
}

TEST(Failure, ShowsTheConsoleWhereThereIsNoLog) {
  outcome::CaseFinished finished =
      support::finished(support::make_case("ex7_4", 1), Outcome::errored, "the guest did not boot");
  auto seen = std::make_shared<judge::Observations>();
  seen->console = "Linux version 6.1\r\nKernel panic - not syncing: VFS\x1b[0m\r\n";
  finished.seen = seen;
  EXPECT_EQ(render_failure(finished), R"(Errored ex7_4 [cpus=1]: the guest did not boot
  serial console:
    Linux version 6.1
    Kernel panic - not syncing: VFS\x1b[0m
     again: kmodtest run testplans/ex7_4.yaml --case "ex7_4 [cpus=1]"
     enter: kmodtest shell testplans/ex7_4.yaml --case "ex7_4 [cpus=1]"
)");
}

TEST(Failure, TheCaretStandsUnderItsWordAfterWideCharacters) {
  outcome::CaseFinished finished = support::finished(support::make_case("ex7_4", 1), Outcome::failed, "x");
  finished.verdict.evidence.front().where = {"a.yaml", 7, 13};
  finished.verdict.evidence.front().source = "  - {模块: ±, count: 1}";
  EXPECT_EQ(render_failure(finished), R"(Failed ex7_4 [cpus=1]: x
   --> a.yaml:7:13
  7 |   - {模块: ±, count: 1}
    |               ^~~~~
     again: kmodtest run testplans/ex7_4.yaml --case "ex7_4 [cpus=1]"
     enter: kmodtest shell testplans/ex7_4.yaml --case "ex7_4 [cpus=1]"
)");
}

TEST(Failure, ACaseWithoutAPlanIsRepeatedFromItsInputs) {
  auto test_case = std::make_shared<plan::Case>(*support::make_case("my", 4));
  test_case->plan_file.clear();
  test_case->input = "/tmp/my module.ko";
  EXPECT_EQ(render_failure(support::finished(test_case, Outcome::failed, "x")),
            "Failed my [cpus=4]: x\n"
            "     again: kmodtest run \"/tmp/my module.ko\" --case \"my [cpus=4]\"\n"
            "     enter: kmodtest shell \"/tmp/my module.ko\" --case \"my [cpus=4]\"\n");
}

TEST(Failure, WithoutAGuestThereIsNoneToEnter) {
  outcome::CaseFinished finished =
      support::finished(support::make_case("ex7_4", 1), Outcome::failed, "ex7_4 does not build");
  auto seen = std::make_shared<judge::Observations>();
  seen->ending.kind = judge::Ending::Kind::not_started;
  finished.seen = seen;
  EXPECT_EQ(render_failure(finished).find("enter:"), std::string::npos);
}

TEST(Failure, BrieflyTheLineOfThePlanIsCutAroundItsWord) {
  outcome::CaseFinished finished = support::finished(support::make_case("ex7_4", 1), Outcome::failed, "x");
  judge::Evidence &evidence = finished.verdict.evidence.front();
  evidence.where = {"a.yaml", 7, 49};
  evidence.source = "  - dmesg: {in_order: [one two three four five, thread exiting, six], within: 5s}";
  evidence.seen = "one two three four five six seven\n                        ^~~";
  const FailureStyle style{Palette(false), true, 40};
  EXPECT_EQ(render_failure_body(finished, style), R"(   --> a.yaml:7:49
  7 | …our five, thread exiting, six], …
    |            ^~~~~~
      seen: one two three four five six…
                                    ^~~
     again: kmodtest run testplans/ex7_4.yaml --case "ex7_4 [cpus=1]"
     enter: kmodtest shell testplans/ex7_4.yaml --case "ex7_4 [cpus=1]"
)");
}

TEST(Failure, ALineOfAMillionCharactersIsCut) {
  outcome::CaseFinished finished = support::finished(support::make_case("ex7_4", 1), Outcome::failed, "x");
  const std::string nulls(1'000'000, '\0');
  judge::Evidence &evidence = finished.verdict.evidence.front();
  evidence.seen = nulls;
  evidence.details = {nulls};
  finished.seen = support::seen({support::line(5140, nulls)});
  const std::string text = render_failure_body(finished, {.longest_line = 8});
  EXPECT_EQ(text, R"(      seen: \x00\x0… (1000000 bytes)
    \x00\x0… (1000000 bytes)
  log of this case:
    [    5.… (1000015 bytes)
     again: kmodtest run testplans/ex7_4.yaml --case "ex7_4 [cpus=1]"
     enter: kmodtest shell testplans/ex7_4.yaml --case "ex7_4 [cpus=1]"
)");
  EXPECT_GT(render_failure_body(finished, {}).size(), 12'000'000u);
}

TEST(Failure, BrieflyAReportIsToldOnceAndWithoutRegisters) {
  const outcome::CaseFinished finished = scenario::crashed();
  const std::string whole = render_failure_body(finished, {});
  const std::string brief = render_failure_body(finished, {Palette(false), true, 0});
  EXPECT_NE(whole.find("RSP:"), std::string::npos);
  EXPECT_EQ(brief.substr(brief.find("     trace:")), R"(     trace: #0 ex_write+0x8 [ex_oops]  ex_oops.c:23  *where = 1;
    [   14.007000] BUG: kernel NULL pointer dereference, address: 0000000000000000
    [   14.008000] #PF: supervisor write access in kernel mode
    [   14.010000] Oops: 0002 [#1] PREEMPT SMP NOPTI
    [   14.011000] CPU: 1 PID: 83 Comm: insmod Tainted: G           OE      6.1.0-50-cloud-amd64
    [   14.013000] RIP: 0010:ex_write+0x8/0x1000 [ex_oops]
    [   14.017000] Call Trace:
    [   14.019000]  do_one_initcall+0x56/0x220
    [   14.021000]  entry_SYSCALL_64_after_hwframe+0x6e/0xd8
    … 8 lines left out (--out DIR keeps all lines)
  log of this case:
    [   14.005000] -- step 1: load ex_oops
    [   14.006000] ex_oops: loading out-of-tree module taints kernel.
    … 18 lines (see above)
    [   14.025000] note: insmod[83] exited with irqs disabled
     again: kmodtest run testplans/ex_oops.yaml --case "ex_oops [cpus=2]"
     enter: kmodtest shell testplans/ex_oops.yaml --case "ex_oops [cpus=2]"
)");
}

TEST(Failure, BrieflyTheAutopsyOfAHangIsLeftToItsFile) {
  outcome::CaseFinished finished =
      support::finished(support::make_case("ex7_4", 1), Outcome::hung, "load does not come back");
  finished.seen = support::seen({support::line(5140, "Thread started"), support::marker(6000, "autopsy of step 2"),
                                 support::line(6200, "sysrq: Show Blocked State")});
  EXPECT_NE(render_failure_body(finished, {}).find("sysrq"), std::string::npos);
  const std::string brief = render_failure_body(finished, {Palette(false), true, 0});
  EXPECT_EQ(brief.find("sysrq"), std::string::npos) << brief;
  EXPECT_NE(brief.find("Thread started"), std::string::npos) << brief;
}

}  // namespace
}  // namespace kmodtest::report
