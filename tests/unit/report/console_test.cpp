// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>

#include "unit/report/sample.hpp"

namespace kmodtest::report {
namespace {

using judge::Outcome;

/// Control sequences as one can read them.
std::string visible(const std::string &text) {
  std::string shown;
  for (const char letter : text) {
    if (letter == '\x1b') {
      shown += "<ESC>";
    } else if (letter == '\r') {
      shown += "<CR>";
    } else {
      shown += letter;
    }
  }
  return shown;
}

/// A clock that goes on by a second with each reading.
ConsoleOptions ticking(ConsoleOptions options) {
  auto time = std::make_shared<std::chrono::steady_clock::time_point>();
  options.now = [time] { return *time += std::chrono::seconds(1); };
  return options;
}

std::vector<Event> every_outcome() {
  CaseFinished skipped = sample::finished(sample::make_case("ex7_3", 1), Outcome::skipped, "needs two nodes");
  skipped.took = Seconds(0);
  return {RunStarted{8, 2, "QEMU 10.0.2 (TCG)"},
          Notice{"KVM does not work here, using TCG"},
          sample::finished(sample::make_case("ex7_1", 1), Outcome::passed),
          sample::finished(sample::make_case("ex7_2", 2, " cpu=0"), Outcome::passed),
          sample::finished(sample::make_case("ex7_2", 2, " cpu=1"), Outcome::failed, "no such line"),
          sample::finished(sample::make_case("ex7_1", 2), Outcome::crashed, "NULL pointer dereference in f+0x1c"),
          sample::finished(sample::make_case("ex7_1", 4), Outcome::hung, "soft lockup"),
          sample::finished(sample::make_case("ex7_2", 4), Outcome::leaked, "/proc/ex7_2 stayed"),
          sample::finished(sample::make_case("ex7_2", 1), Outcome::errored, "the channel broke"),
          skipped,
          sample::run_finished({2, 1, 1, 1, 1, 1, 1})};
}

TEST(Console, AllPassed) {
  EXPECT_EQ(sample::console_output(
                {}, {RunStarted{2, 1, "QEMU 10.0.2 (TCG)"}, CaseStarted{sample::make_case("ex7_1", 1)},
                     sample::finished(sample::make_case("ex7_1", 1), Outcome::passed),
                     sample::finished(sample::make_case("ex7_1", 2), Outcome::passed), sample::run_finished({2})}),
            R"(   Running 2 cases, 1 worker, QEMU 10.0.2 (TCG)
    Passed [   1.250 s] ex7_1 [cpus=1]
    Passed [   1.250 s] ex7_1 [cpus=2]

         1 CPU   2 CPUs
  ex7_1  passed  passed

2 cases: 2 passed in 41.2 s
)");
}

TEST(Console, EveryOutcome) {
  EXPECT_EQ(sample::console_output({}, every_outcome()), R"(   Running 8 cases, 2 workers, QEMU 10.0.2 (TCG)
      note KVM does not work here, using TCG
    Passed [   1.250 s] ex7_1 [cpus=1]
    Passed [   1.250 s] ex7_2 [cpus=2 cpu=0]
    Failed [   1.250 s] ex7_2 [cpus=2 cpu=1]: no such line
   Crashed [   1.250 s] ex7_1 [cpus=2]: NULL pointer dereference in f+0x1c
      Hung [   1.250 s] ex7_1 [cpus=4]: soft lockup
    Leaked [   1.250 s] ex7_2 [cpus=4]: /proc/ex7_2 stayed
   Errored [   1.250 s] ex7_2 [cpus=1]: the channel broke
   Skipped [   0.000 s] ex7_3 [cpus=1]: needs two nodes

Failed ex7_2 [cpus=2 cpu=1]: no such line
     again: kmodtest run testplans/ex7_2.yaml --case "ex7_2 [cpus=2 cpu=1]"

Crashed ex7_1 [cpus=2]: NULL pointer dereference in f+0x1c
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"

Hung ex7_1 [cpus=4]: soft lockup
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=4]"

Leaked ex7_2 [cpus=4]: /proc/ex7_2 stayed
     again: kmodtest run testplans/ex7_2.yaml --case "ex7_2 [cpus=4]"

Errored ex7_2 [cpus=1]: the channel broke
     again: kmodtest run testplans/ex7_2.yaml --case "ex7_2 [cpus=1]"

         1 CPU    2 CPUs      4 CPUs
  ex7_1  passed   crashed     hung
  ex7_2  errored  1/2 failed  leaked
  ex7_3  skipped  -           -

8 cases: 2 passed, 1 failed, 1 crashed, 1 hung, 1 leaked, 1 errored, 1 skipped in 41.2 s
)");
}

TEST(Console, QuietTellsOnlyWhatDidNotPass) {
  ConsoleOptions options;
  options.quiet = true;
  EXPECT_EQ(sample::console_output(options, {RunStarted{2, 1, ""}, Notice{"using TCG"},
                                             sample::finished(sample::make_case("ex7_1", 1), Outcome::passed),
                                             sample::finished(sample::make_case("ex7_1", 2), Outcome::hung, "stuck"),
                                             sample::run_finished({1, 0, 0, 1})}),
            R"(      Hung [   1.250 s] ex7_1 [cpus=2]: stuck

Hung ex7_1 [cpus=2]: stuck
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"

2 cases: 1 passed, 1 hung in 41.2 s
)");
}

TEST(Console, APassThatWasExpectedToGoWrongSaysWhatCame) {
  EXPECT_EQ(sample::console_output({}, {sample::passed_as_expected(), sample::run_finished({1})}),
            R"(    Passed [   1.250 s] ex7_4 [cpus=2] (as expected: Crashed: divide error in ex_div+0x8 [ex7_4])
1 case: 1 passed in 41.2 s
)");
  ConsoleOptions narrow;
  narrow.terminal = true;
  narrow.width = 64;
  EXPECT_NE(
      sample::console_output(narrow, {sample::passed_as_expected()}).find("ex7_4 [cpus=2] (as expected: Crashed: …)"),
      std::string::npos);
}

TEST(Console, VerboseTellsTimingsAndLogs) {
  ConsoleOptions options;
  options.verbose = true;
  CaseFinished finished = sample::full_failure();
  finished.verdict = {Outcome::passed, {}, "", ""};
  finished.timings.boot = Seconds(0.75);
  EXPECT_EQ(sample::console_output(options, {finished, sample::run_finished({1})}),
            R"(    Passed [   1.250 s] ex7_4 [cpus=2 cpu=1]
           build 0.000 s, start 0.000 s, boot 0.750 s, restore 0.000 s, push 0.000 s, steps 0.000 s (0.000 s in the guest), stop 0.000 s
           [    5.000000] -- step 1: load ex7_4
           [    5.140000] Thread started
           [    6.000000] -- step 5: unload ex7_4
           [    6.200000] Thread exitting
1 case: 1 passed in 41.2 s
)");
}

TEST(Console, InterruptedRun) {
  EXPECT_EQ(sample::console_output(
                {}, {RunStarted{30, 1, "QEMU"}, sample::finished(sample::make_case("ex7_1", 1), Outcome::passed),
                     sample::run_finished({1}, 29, true)}),
            R"(   Running 30 cases, 1 worker, QEMU
    Passed [   1.250 s] ex7_1 [cpus=1]
30 cases: 1 passed, 29 not run, interrupted after 41.2 s
)");
}

TEST(Console, AFlakyCaseHasItsOwnMarkAndItsFailuresInFull) {
  const std::vector<CaseFinished> flaky = sample::flaky();
  const std::vector<CaseFinished> hung = sample::never_passed();
  RunFinished end = sample::run_finished({1, 0, 0, 1});
  end.flaky = 1;
  EXPECT_EQ(sample::console_output({}, {sample::finished(sample::make_case("ex7_1", 1), Outcome::passed),
                                        CaseRetried{flaky[0], 2}, flaky[1], CaseRetried{hung[0], 2}, hung[1], end}),
            R"(    Passed [   1.250 s] ex7_1 [cpus=1]
      Hung [   1.250 s] ex7_1 [cpus=2], attempt 1 of 2: soft lockup
     Flaky [   1.250 s] ex7_1 [cpus=2]: passed at attempt 2 only
   Errored [   1.250 s] ex7_2 [cpus=4], attempt 1 of 2: the channel broke
      Hung [   1.250 s] ex7_2 [cpus=4]: stuck

Flaky ex7_1 [cpus=2]: passed at attempt 2 only
  attempt 1: Hung: soft lockup
  log of this case:
    [    5.140000] Thread started
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"

Hung ex7_2 [cpus=4]: stuck
  attempt 1: Errored: the channel broke
     again: kmodtest run testplans/ex7_2.yaml --case "ex7_2 [cpus=4]"

         1 CPU   2 CPUs  4 CPUs
  ex7_1  passed  flaky   -
  ex7_2  -       -       hung

3 cases: 1 passed, 1 flaky, 1 hung in 41.2 s
)");
}

TEST(Console, QuietTellsFlakyCasesToo) {
  ConsoleOptions options;
  options.quiet = true;
  RunFinished end = sample::run_finished({0});
  end.flaky = 1;
  EXPECT_EQ(sample::console_output(options, {sample::flaky()[1], end}),
            R"(     Flaky [   1.250 s] ex7_1 [cpus=2]: passed at attempt 2 only

Flaky ex7_1 [cpus=2]: passed at attempt 2 only
  attempt 1: Hung: soft lockup
  log of this case:
    [    5.140000] Thread started
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"

1 case: 1 flaky in 41.2 s
)");
}

/// Run `repeat` of the `place`-th of a plan's cases, each of which runs twice.
CaseFinished repeated(std::size_t place, int repeat, Outcome outcome, const std::string &summary = "") {
  CaseFinished made = sample::finished(sample::make_case("ex7_1", static_cast<int>(place) + 1), outcome, summary);
  made.repeat = repeat;
  made.number = place * 2 + static_cast<std::size_t>(repeat) - 1;
  return made;
}

TEST(Console, RepeatsHaveNumbersAndTheSummarySaysHowOftenEachPassed) {
  EXPECT_EQ(
      sample::console_output({}, {RunStarted{2, 1, "QEMU", 2, 42}, repeated(1, 2, Outcome::failed, "no such line"),
                                  repeated(0, 1, Outcome::passed), repeated(1, 1, Outcome::passed),
                                  repeated(0, 2, Outcome::passed), sample::run_finished({3, 1})}),
      R"(   Running 2 cases 2 times, 1 worker, QEMU (--shuffle 42)
    Failed [   1.250 s] ex7_1 [cpus=2] #2: no such line
    Passed [   1.250 s] ex7_1 [cpus=1]
    Passed [   1.250 s] ex7_1 [cpus=2]
    Passed [   1.250 s] ex7_1 [cpus=1] #2

Failed ex7_1 [cpus=2] #2: no such line
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"

         1 CPU       2 CPUs
  ex7_1  2/2 passed  1/2 failed

  2 of 2 passed: ex7_1 [cpus=1]
  1 of 2 passed, 1 failed: ex7_1 [cpus=2]

4 runs of 2 cases: 3 passed, 1 failed in 41.2 s (--shuffle 42)
)");
}

TEST(Console, QuietTellsOnlyTheRepeatsThatDidNotAllPass) {
  ConsoleOptions options;
  options.quiet = true;
  EXPECT_EQ(sample::console_output(
                options, {RunStarted{2, 1, "QEMU", 2, {}}, repeated(0, 1, Outcome::passed),
                          repeated(0, 2, Outcome::passed), repeated(1, 1, Outcome::passed),
                          repeated(1, 2, Outcome::leaked, "a thread"), sample::run_finished({3, 0, 0, 0, 1})}),
            R"(    Leaked [   1.250 s] ex7_1 [cpus=2] #2: a thread

Leaked ex7_1 [cpus=2] #2: a thread
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"

  1 of 2 passed, 1 leaked: ex7_1 [cpus=2]

4 runs of 2 cases: 3 passed, 1 leaked in 41.2 s
)");
}

TEST(Console, OrderedHoldsLinesUntilThoseBeforeThemAreThere) {
  ConsoleOptions options;
  options.ordered = true;
  std::vector<CaseFinished> cases;
  for (int cpus = 1; cpus <= 5; ++cpus) {
    cases.push_back(sample::finished(sample::make_case("ex7_1", cpus), Outcome::passed));
    cases.back().number = static_cast<std::size_t>(cpus) - 1;
  }
  CaseFinished attempt = sample::finished(cases[1].test_case, Outcome::hung, "stuck");
  attempt.number = 1;
  // Notices mark the moments; case 4 never ends.
  EXPECT_EQ(
      sample::console_output(options, {cases[2], CaseRetried{attempt, 2}, Notice{"a"}, cases[0], Notice{"b"}, cases[1],
                                       Notice{"c"}, cases[4], Notice{"d"}, sample::run_finished({4}, 1, true)}),
      R"(      note a
    Passed [   1.250 s] ex7_1 [cpus=1]
      note b
      Hung [   1.250 s] ex7_1 [cpus=2], attempt 1 of 2: stuck
    Passed [   1.250 s] ex7_1 [cpus=2]
    Passed [   1.250 s] ex7_1 [cpus=3]
      note c
      note d
    Passed [   1.250 s] ex7_1 [cpus=5]

         1 CPU   2 CPUs  3 CPUs  5 CPUs
  ex7_1  passed  passed  passed  passed

5 cases: 4 passed, 1 not run, interrupted after 41.2 s
)");
}

TEST(Console, OrderedTellsFailuresInTheOrderOfThePlans) {
  ConsoleOptions options;
  options.ordered = true;
  options.quiet = true;
  CaseFinished second = sample::finished(sample::make_case("ex7_1", 2), Outcome::hung, "stuck");
  second.number = 1;
  const CaseFinished first = sample::finished(sample::make_case("ex7_1", 1), Outcome::leaked, "a thread");
  EXPECT_EQ(sample::console_output(options, {second, first, sample::run_finished({0, 0, 0, 1, 1})}),
            R"(    Leaked [   1.250 s] ex7_1 [cpus=1]: a thread
      Hung [   1.250 s] ex7_1 [cpus=2]: stuck

Leaked ex7_1 [cpus=1]: a thread
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=1]"

Hung ex7_1 [cpus=2]: stuck
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"

2 cases: 1 hung, 1 leaked in 41.2 s
)");
}

TEST(Console, TimingsTellWhereTheTimeWent) {
  ConsoleOptions options;
  options.timings = true;
  CaseFinished first = sample::finished(sample::make_case("ex7_1", 1), Outcome::passed);
  first.timings = {Seconds(0),     Seconds(0.25), Seconds(1),     Seconds(0),
                   Seconds(0.125), Seconds(2),    Seconds(0.125), Seconds(2)};
  first.took = Seconds(4);
  CaseFinished retried = first;
  retried.verdict.outcome = Outcome::hung;
  retried.timings.steps = Seconds(5);
  retried.took = Seconds(6.5);
  CaseFinished second = first;
  second.timings.boot = Seconds(2);
  second.took = Seconds(4.5);
  second.attempt = 2;
  second.earlier = {retried};
  const CaseFinished skipped = sample::finished(sample::make_case("ex7_3", 1), Outcome::skipped, "too slow");
  const std::string text = sample::console_output(
      options, {first, CaseRetried{retried, 2}, second, skipped, sample::run_finished({1, 0, 0, 0, 0, 0, 1})});
  const std::size_t at = text.find("  where the time went");
  ASSERT_NE(at, std::string::npos) << text;
  EXPECT_EQ(text.substr(at), R"(  where the time went, of all workers
                  sum  share     median
  start         0.750 s    5 %    0.250 s
  boot          4.000 s   27 %    1.000 s
  push          0.375 s    2 %    0.125 s
  steps         9.000 s   60 %    2.000 s
  stop          0.375 s    2 %    0.125 s
  other         0.500 s    3 %    0.000 s
  all          15.000 s  100 %    4.500 s
)");
}

TEST(Console, Colours) {
  ConsoleOptions options;
  options.color = true;
  EXPECT_EQ(visible(sample::console_output(options, {sample::finished(sample::make_case("ex7_1", 1), Outcome::passed),
                                                     sample::full_failure(), sample::run_finished({1, 1})})),
            R"(<ESC>[1;32m    Passed<ESC>[0m <ESC>[2m[   1.250 s]<ESC>[0m ex7_1 [cpus=1]
<ESC>[1;31m    Failed<ESC>[0m <ESC>[2m[   1.250 s]<ESC>[0m ex7_4 [cpus=2 cpu=1]: 'Thread exiting' did not appear within 5 s

<ESC>[1;31mFailed<ESC>[0m <ESC>[1mex7_4 [cpus=2 cpu=1]<ESC>[0m: 'Thread exiting' did not appear within 5 s
    <ESC>[1;34m--><ESC>[0m testplans/ex7_4.yaml:11:24
  <ESC>[1;34m11<ESC>[0m <ESC>[1;34m|<ESC>[0m   - dmesg: {in_order: [Thread exiting, Exiting!]}
     <ESC>[1;34m|<ESC>[0m                        <ESC>[31m^~~~~~<ESC>[0m
  expected: Thread exiting
      seen: Thread exitting
                        ^
      PID STAT CPU COMMAND
       71 S      1 ex7_4
      hint: the module says something similar: is the text right?
  log of this case:
    <ESC>[2m[    5.000000] -- step 1: load ex7_4<ESC>[0m
    [    5.140000] Thread started
    <ESC>[2m[    6.000000] -- step 5: unload ex7_4<ESC>[0m
    [    6.200000] Thread exitting
     again: kmodtest run testplans/ex7_4.yaml --case "ex7_4 [cpus=2 cpu=1]"

<ESC>[1m         1 CPU   2 CPUs<ESC>[0m
  ex7_1  <ESC>[1;32mpassed<ESC>[0m  -
  ex7_4  -       <ESC>[1;31mfailed<ESC>[0m

<ESC>[1m2 cases<ESC>[0m: <ESC>[1;32m1 passed<ESC>[0m, <ESC>[1;31m1 failed<ESC>[0m in 41.2 s
)");
}

TEST(Console, LongLinesAreCutOnATerminalOfSixtyColumns) {
  ConsoleOptions options;
  options.terminal = true;
  options.width = 60;
  const std::string wide = "模块没有卸载因为线程还在运行模块没有卸载";
  EXPECT_EQ(sample::console_output(
                options, {sample::finished(sample::make_case("ex7_1", 1), Outcome::failed, wide),
                          sample::finished(sample::make_case("a_plan_with_a_name_that_is_long", 1), Outcome::passed),
                          sample::finished(sample::make_case("ex7_1", 2), Outcome::passed),
                          sample::finished(sample::make_case("ex7_1", 16), Outcome::passed),
                          sample::finished(sample::make_case("ex7_1", 64), Outcome::crashed, "oops"),
                          sample::run_finished({3, 1, 1})}),
            R"(    Failed [   1.250 s] ex7_1 [cpus=1]: 模块没有卸载因为线…
    Passed [   1.250 s] a_plan_with_a_name_that_is_long [cpus=1]
    Passed [   1.250 s] ex7_1 [cpus=2]
    Passed [   1.250 s] ex7_1 [cpus=16]
   Crashed [   1.250 s] ex7_1 [cpus=64]: oops

Failed ex7_1 [cpus=1]: 模块没有卸载因为线程还在运行模块没有卸载
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=1]"

Crashed ex7_1 [cpus=64]: oops
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=64]"

                                  1 CPU   2 CPUs  16 CPUs
  a_plan_with_a_name_that_is_lo…  passed  -       -
  ex7_1                           failed  passed  passed

                                  64 CPUs
  a_plan_with_a_name_that_is_lo…  -
  ex7_1                           crashed

5 cases: 3 passed, 1 failed, 1 crashed in 41.2 s
)");
}

TEST(Console, FooterIsDrawnOverAndErasedBeforeLines) {
  ConsoleOptions options;
  options.terminal = true;
  options.width = 60;
  const auto first = sample::make_case("ex7_1", 1);
  const auto second = sample::make_case("ex7_2", 2);
  EXPECT_EQ(visible(sample::console_output(
                ticking(options), {RunStarted{2, 2, "QEMU"}, CaseStarted{first}, CaseStarted{second},
                                   CaseProgress{second, "step 3/7: 模块没有卸载因为线程还在运行模块没有卸载"}, Tick{},
                                   sample::finished(first, Outcome::passed), sample::finished(second, Outcome::passed),
                                   sample::run_finished({2})})),
            R"(   Running 2 cases, 2 workers, QEMU
   Running [   1.000 s] 0/2 done<ESC>[K
           ex7_1 [cpus=1]: starting<ESC>[K
<CR><ESC>[2A   Running [   2.000 s] 0/2 done<ESC>[K
           ex7_1 [cpus=1]: starting<ESC>[K
           ex7_2 [cpus=2]: starting<ESC>[K
<CR><ESC>[3A   Running [   3.000 s] 0/2 done<ESC>[K
           ex7_1 [cpus=1]: starting<ESC>[K
           ex7_2 [cpus=2]: step 3/7: 模块没有卸载因为线程…<ESC>[K
<CR><ESC>[3A   Running [   4.000 s] 0/2 done<ESC>[K
           ex7_1 [cpus=1]: starting<ESC>[K
           ex7_2 [cpus=2]: step 3/7: 模块没有卸载因为线程…<ESC>[K
<CR><ESC>[3A<ESC>[J    Passed [   1.250 s] ex7_1 [cpus=1]
   Running [   5.000 s] 1/2 done<ESC>[K
           ex7_2 [cpus=2]: step 3/7: 模块没有卸载因为线程…<ESC>[K
<CR><ESC>[2A<ESC>[J    Passed [   1.250 s] ex7_2 [cpus=2]

         1 CPU   2 CPUs
  ex7_1  passed  -
  ex7_2  -       passed

2 cases: 2 passed in 41.2 s
)");
}

TEST(Console, AFooterIsNotLeftBehind) {
  ConsoleOptions options;
  options.terminal = true;
  EXPECT_EQ(visible(sample::console_output(ticking(options), {CaseStarted{sample::make_case("ex7_1", 1)}})),
            R"(   Running [   1.000 s] 0/0 done<ESC>[K
           ex7_1 [cpus=1]: starting<ESC>[K
<CR><ESC>[2A<ESC>[J)");
}

}  // namespace
}  // namespace kmodtest::report
