// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>

#include "support/sample_case.hpp"

namespace kmodtest::report {
namespace {

using judge::Outcome;

std::vector<outcome::Event> every_outcome() {
  outcome::CaseFinished skipped =
      support::finished(support::make_case("ex7_3", 1), Outcome::skipped, "needs two nodes");
  skipped.took = outcome::Seconds(0);
  return {outcome::RunStarted{8, 2, "QEMU 10.0.2 (TCG)"},
          outcome::Notice{"KVM does not work here, using TCG"},
          support::finished(support::make_case("ex7_1", 1), Outcome::passed),
          support::finished(support::make_case("ex7_2", 2, " cpu=0"), Outcome::passed),
          support::finished(support::make_case("ex7_2", 2, " cpu=1"), Outcome::failed, "no such line"),
          support::finished(support::make_case("ex7_1", 2), Outcome::crashed, "NULL pointer dereference in f+0x1c"),
          support::finished(support::make_case("ex7_1", 4), Outcome::hung, "soft lockup"),
          support::finished(support::make_case("ex7_2", 4), Outcome::leaked, "/proc/ex7_2 stayed"),
          support::finished(support::make_case("ex7_2", 1), Outcome::errored, "the channel broke"),
          skipped,
          support::run_finished({2, 1, 1, 1, 1, 1, 1})};
}

TEST(Console, AllPassed) {
  EXPECT_EQ(
      support::console_output(
          {}, {outcome::RunStarted{2, 1, "QEMU 10.0.2 (TCG)"}, outcome::CaseStarted{support::make_case("ex7_1", 1)},
               support::finished(support::make_case("ex7_1", 1), Outcome::passed),
               support::finished(support::make_case("ex7_1", 2), Outcome::passed), support::run_finished({2})}),
      R"(   Running 2 cases, 1 worker, QEMU 10.0.2 (TCG)
    Passed [   1.250 s] ex7_1 [cpus=1]
    Passed [   1.250 s] ex7_1 [cpus=2]

         1 CPU   2 CPUs
  ex7_1  passed  passed

2 cases: 2 passed in 41.2 s
)");
}

TEST(Console, EveryOutcome) {
  EXPECT_EQ(support::console_output({}, every_outcome()), R"(   Running 8 cases, 2 workers, QEMU 10.0.2 (TCG)
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
     enter: kmodtest shell testplans/ex7_2.yaml --case "ex7_2 [cpus=2 cpu=1]"

Crashed ex7_1 [cpus=2]: NULL pointer dereference in f+0x1c
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"
     enter: kmodtest shell testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"

Hung ex7_1 [cpus=4]: soft lockup
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=4]"
     enter: kmodtest shell testplans/ex7_1.yaml --case "ex7_1 [cpus=4]"

Leaked ex7_2 [cpus=4]: /proc/ex7_2 stayed
     again: kmodtest run testplans/ex7_2.yaml --case "ex7_2 [cpus=4]"
     enter: kmodtest shell testplans/ex7_2.yaml --case "ex7_2 [cpus=4]"

Errored ex7_2 [cpus=1]: the channel broke
     again: kmodtest run testplans/ex7_2.yaml --case "ex7_2 [cpus=1]"
     enter: kmodtest shell testplans/ex7_2.yaml --case "ex7_2 [cpus=1]"

         1 CPU    2 CPUs      4 CPUs
  ex7_1  passed   crashed     hung
  ex7_2  errored  1/2 failed  leaked
  ex7_3  skipped  -           -

    Failed [   1.250 s] ex7_2 [cpus=2 cpu=1]: no such line
   Crashed [   1.250 s] ex7_1 [cpus=2]: NULL pointer dereference in f+0x1c
      Hung [   1.250 s] ex7_1 [cpus=4]: soft lockup
    Leaked [   1.250 s] ex7_2 [cpus=4]: /proc/ex7_2 stayed
   Errored [   1.250 s] ex7_2 [cpus=1]: the channel broke

8 cases: 2 passed, 1 failed, 1 crashed, 1 hung, 1 leaked, 1 errored, 1 skipped in 41.2 s
)");
}

TEST(Console, QuietTellsOnlyWhatDidNotPass) {
  ConsoleOptions options;
  options.quiet = true;
  EXPECT_EQ(support::console_output(options, {outcome::RunStarted{2, 1, ""}, outcome::Notice{"using TCG"},
                                              support::finished(support::make_case("ex7_1", 1), Outcome::passed),
                                              support::finished(support::make_case("ex7_1", 2), Outcome::hung, "stuck"),
                                              support::run_finished({1, 0, 0, 1})}),
            R"(      Hung [   1.250 s] ex7_1 [cpus=2]: stuck

Hung ex7_1 [cpus=2]: stuck
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"
     enter: kmodtest shell testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"

2 cases: 1 passed, 1 hung in 41.2 s
)");
}

TEST(Console, APassThatWasExpectedToGoWrongSaysWhatCame) {
  EXPECT_EQ(support::console_output({}, {support::passed_as_expected(), support::run_finished({1})}),
            R"(    Passed [   1.250 s] ex7_4 [cpus=2] (as expected: Crashed: divide error in ex_div+0x8 [ex7_4])
1 case: 1 passed in 41.2 s
)");
  ConsoleOptions narrow;
  narrow.terminal = true;
  narrow.width = 64;
  EXPECT_NE(
      support::console_output(narrow, {support::passed_as_expected()}).find("ex7_4 [cpus=2] (as expected: Crashed: …)"),
      std::string::npos);
}

TEST(Console, VerboseTellsTimingsAndLogs) {
  ConsoleOptions options;
  options.verbose = true;
  outcome::CaseFinished finished = support::full_failure();
  finished.verdict = {.outcome = Outcome::passed};
  finished.timings.boot = outcome::Seconds(0.75);
  EXPECT_EQ(support::console_output(options, {finished, support::run_finished({1})}),
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
  EXPECT_EQ(support::console_output({}, {outcome::RunStarted{30, 1, "QEMU"},
                                         support::finished(support::make_case("ex7_1", 1), Outcome::passed),
                                         support::run_finished({1}, 29, true)}),
            R"(   Running 30 cases, 1 worker, QEMU
    Passed [   1.250 s] ex7_1 [cpus=1]
30 cases: 1 passed, 29 not run, interrupted after 41.2 s
)");
}

TEST(Console, QuietTellsFlakyCasesToo) {
  ConsoleOptions options;
  options.quiet = true;
  outcome::RunFinished end = support::run_finished({0});
  end.flaky = 1;
  EXPECT_EQ(support::console_output(options, {support::flaky()[1], end}),
            R"(     Flaky [   1.250 s] ex7_1 [cpus=2]: passed only at attempt 2

Flaky ex7_1 [cpus=2]: passed only at attempt 2
  attempt 1: Hung: soft lockup
  log of this case:
    [    5.140000] Thread started
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"
     enter: kmodtest shell testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"

1 case: 1 flaky in 41.2 s
)");
}

}  // namespace
}  // namespace kmodtest::report
