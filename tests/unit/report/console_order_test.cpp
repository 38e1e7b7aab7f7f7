// SPDX-License-Identifier: GPL-2.0-or-later
// Runs in which cases run more than once, or end in another order.
#include <gtest/gtest.h>

#include "support/sample_case.hpp"

namespace kmodtest::report {
namespace {

using judge::Outcome;

/// Returns run `repeat` of the `place`-th of a plan's cases, each of which runs twice.
outcome::CaseFinished repeated(std::size_t place, int repeat, Outcome outcome, const std::string &summary = "") {
  outcome::CaseFinished made =
      support::finished(support::make_case("ex7_1", static_cast<int>(place) + 1), outcome, summary);
  made.repeat = repeat;
  made.number = place * 2 + static_cast<std::size_t>(repeat) - 1;
  return made;
}

TEST(Console, AFlakyCaseHasItsOwnMarkAndItsFailuresInFull) {
  const std::vector<outcome::CaseFinished> flaky = support::flaky();
  const std::vector<outcome::CaseFinished> hung = support::never_passed();
  outcome::RunFinished end = support::run_finished({1, 0, 0, 1});
  end.flaky = 1;
  EXPECT_EQ(support::console_output(
                {}, {support::finished(support::make_case("ex7_1", 1), Outcome::passed),
                     outcome::CaseRetried{flaky[0], 2}, flaky[1], outcome::CaseRetried{hung[0], 2}, hung[1], end}),
            R"(    Passed [   1.250 s] ex7_1 [cpus=1]
      Hung [   1.250 s] ex7_1 [cpus=2], attempt 1 of 2: soft lockup
     Flaky [   1.250 s] ex7_1 [cpus=2]: passed only at attempt 2
   Errored [   1.250 s] ex7_2 [cpus=4], attempt 1 of 2: the channel broke
      Hung [   1.250 s] ex7_2 [cpus=4]: stuck

Flaky ex7_1 [cpus=2]: passed only at attempt 2
  attempt 1: Hung: soft lockup
  log of this case:
    [    5.140000] Thread started
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"
     enter: kmodtest shell testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"

Hung ex7_2 [cpus=4]: stuck
  attempt 1: Errored: the channel broke
     again: kmodtest run testplans/ex7_2.yaml --case "ex7_2 [cpus=4]"
     enter: kmodtest shell testplans/ex7_2.yaml --case "ex7_2 [cpus=4]"

         1 CPU   2 CPUs  4 CPUs
  ex7_1  passed  flaky   -
  ex7_2  -       -       hung

     Flaky [   1.250 s] ex7_1 [cpus=2]: passed only at attempt 2
      Hung [   1.250 s] ex7_2 [cpus=4]: stuck

3 cases: 1 passed, 1 flaky, 1 hung in 41.2 s
)");
}

TEST(Console, RepeatsHaveNumbersAndTheSummarySaysHowOftenEachPassed) {
  EXPECT_EQ(support::console_output(
                {}, {outcome::RunStarted{2, 1, "QEMU", 2, 42}, repeated(1, 2, Outcome::failed, "no such line"),
                     repeated(0, 1, Outcome::passed), repeated(1, 1, Outcome::passed), repeated(0, 2, Outcome::passed),
                     support::run_finished({3, 1})}),
            R"(   Running 2 cases 2 times, 1 worker, QEMU (--shuffle 42)
    Failed [   1.250 s] ex7_1 [cpus=2] #2: no such line
    Passed [   1.250 s] ex7_1 [cpus=1]
    Passed [   1.250 s] ex7_1 [cpus=2]
    Passed [   1.250 s] ex7_1 [cpus=1] #2

Failed ex7_1 [cpus=2] #2: no such line
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"
     enter: kmodtest shell testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"

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
  EXPECT_EQ(support::console_output(
                options, {outcome::RunStarted{2, 1, "QEMU", 2, {}}, repeated(0, 1, Outcome::passed),
                          repeated(0, 2, Outcome::passed), repeated(1, 1, Outcome::passed),
                          repeated(1, 2, Outcome::leaked, "a thread"), support::run_finished({3, 0, 0, 0, 1})}),
            R"(    Leaked [   1.250 s] ex7_1 [cpus=2] #2: a thread

Leaked ex7_1 [cpus=2] #2: a thread
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"
     enter: kmodtest shell testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"

  1 of 2 passed, 1 leaked: ex7_1 [cpus=2]

4 runs of 2 cases: 3 passed, 1 leaked in 41.2 s
)");
}

TEST(Console, OrderedHoldsLinesUntilThoseBeforeThemAreThere) {
  ConsoleOptions options;
  options.ordered = true;
  std::vector<outcome::CaseFinished> cases;
  for (int cpus = 1; cpus <= 5; ++cpus) {
    cases.push_back(support::finished(support::make_case("ex7_1", cpus), Outcome::passed));
    cases.back().number = static_cast<std::size_t>(cpus) - 1;
  }
  outcome::CaseFinished attempt = support::finished(cases[1].test_case, Outcome::hung, "stuck");
  attempt.number = 1;
  // Notices mark the moments; case 4 never ends.
  EXPECT_EQ(support::console_output(options, {cases[2], outcome::CaseRetried{attempt, 2}, outcome::Notice{"a"},
                                              cases[0], outcome::Notice{"b"}, cases[1], outcome::Notice{"c"}, cases[4],
                                              outcome::Notice{"d"}, support::run_finished({4}, 1, true)}),
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
  outcome::CaseFinished second = support::finished(support::make_case("ex7_1", 2), Outcome::hung, "stuck");
  second.number = 1;
  const outcome::CaseFinished first = support::finished(support::make_case("ex7_1", 1), Outcome::leaked, "a thread");
  EXPECT_EQ(support::console_output(options, {second, first, support::run_finished({0, 0, 0, 1, 1})}),
            R"(    Leaked [   1.250 s] ex7_1 [cpus=1]: a thread
      Hung [   1.250 s] ex7_1 [cpus=2]: stuck

Leaked ex7_1 [cpus=1]: a thread
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=1]"
     enter: kmodtest shell testplans/ex7_1.yaml --case "ex7_1 [cpus=1]"

Hung ex7_1 [cpus=2]: stuck
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"
     enter: kmodtest shell testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"

2 cases: 1 hung, 1 leaked in 41.2 s
)");
}

TEST(Console, TimingsTellWhereTheTimeWent) {
  ConsoleOptions options;
  options.timings = true;
  outcome::CaseFinished first = support::finished(support::make_case("ex7_1", 1), Outcome::passed);
  first.timings = {outcome::Seconds(0),     outcome::Seconds(0.25), outcome::Seconds(1),     outcome::Seconds(0),
                   outcome::Seconds(0.125), outcome::Seconds(2),    outcome::Seconds(0.125), outcome::Seconds(2)};
  first.took = outcome::Seconds(4);
  outcome::CaseFinished retried = first;
  retried.verdict.outcome = Outcome::hung;
  retried.timings.steps = outcome::Seconds(5);
  retried.took = outcome::Seconds(6.5);
  outcome::CaseFinished second = first;
  second.timings.boot = outcome::Seconds(2);
  second.took = outcome::Seconds(4.5);
  second.attempt = 2;
  second.earlier = {retried};
  const outcome::CaseFinished skipped = support::finished(support::make_case("ex7_3", 1), Outcome::skipped, "too slow");
  const std::string text = support::console_output(options, {first, outcome::CaseRetried{retried, 2}, second, skipped,
                                                             support::run_finished({1, 0, 0, 0, 0, 0, 1})});
  const std::size_t at = text.find("  wall time by phase");
  ASSERT_NE(at, std::string::npos) << text;
  EXPECT_EQ(text.substr(at), R"(  wall time by phase, of all workers
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

}  // namespace
}  // namespace kmodtest::report
