// SPDX-License-Identifier: GPL-2.0-or-later
// Consoles on a terminal: colours, cut lines, the footer.
#include <gtest/gtest.h>

#include "support/sample_case.hpp"
#include "unit/report/scenario.hpp"

namespace kmodtest::report {
namespace {

using judge::Outcome;

/// Makes control sequences readable.
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

/// Returns options with a clock that advances by a second with each reading.
ConsoleOptions ticking(ConsoleOptions options) {
  auto time = std::make_shared<std::chrono::steady_clock::time_point>();
  options.now = [time] { return *time += std::chrono::seconds(1); };
  return options;
}

TEST(Console, Colours) {
  ConsoleOptions options;
  options.color = true;
  EXPECT_EQ(
      visible(support::console_output(options, {support::finished(support::make_case("ex7_1", 1), Outcome::passed),
                                                support::full_failure(), support::run_finished({1, 1})})),
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
     enter: kmodtest shell testplans/ex7_4.yaml --case "ex7_4 [cpus=2 cpu=1]"

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
  EXPECT_EQ(support::console_output(
                options, {support::finished(support::make_case("ex7_1", 1), Outcome::failed, wide),
                          support::finished(support::make_case("a_plan_with_a_name_that_is_long", 1), Outcome::passed),
                          support::finished(support::make_case("ex7_1", 2), Outcome::passed),
                          support::finished(support::make_case("ex7_1", 16), Outcome::passed),
                          support::finished(support::make_case("ex7_1", 64), Outcome::crashed, "oops"),
                          support::run_finished({3, 1, 1})}),
            R"(    Failed [   1.250 s] ex7_1 [cpus=1]: 模块没有卸载因为线…
    Passed [   1.250 s] a_plan_with_a_name_that_is_long [cpus=1]
    Passed [   1.250 s] ex7_1 [cpus=2]
    Passed [   1.250 s] ex7_1 [cpus=16]
   Crashed [   1.250 s] ex7_1 [cpus=64]: oops

Failed ex7_1 [cpus=1]:
  模块没有卸载因为线程还在运行模块没有卸载
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=1]"
     enter: kmodtest shell testplans/ex7_1.yaml --case "ex7_1 [cpus=1]"

Crashed ex7_1 [cpus=64]: oops
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=64]"
     enter: kmodtest shell testplans/ex7_1.yaml --case "ex7_1 [cpus=64]"

                                  1 CPU   2 CPUs  16 CPUs
  a_plan_with_a_name_that_is_lo…  passed  -       -
  ex7_1                           failed  passed  passed

                                  64 CPUs
  a_plan_with_a_name_that_is_lo…  -
  ex7_1                           crashed

    Failed [   1.250 s] ex7_1 [cpus=1]: 模块没有卸载因为线…
   Crashed [   1.250 s] ex7_1 [cpus=64]: oops

5 cases: 3 passed, 1 failed, 1 crashed in 41.2 s
)");
}

TEST(Console, FooterIsDrawnOverAndErasedBeforeLines) {
  ConsoleOptions options;
  options.terminal = true;
  options.width = 60;
  const auto first = support::make_case("ex7_1", 1);
  const auto second = support::make_case("ex7_2", 2);
  // The clock is read once at the start, once with each case that starts, and once with each drawing.
  EXPECT_EQ(visible(support::console_output(
                ticking(options),
                {outcome::RunStarted{2, 2, "QEMU"}, outcome::CaseStarted{first}, outcome::CaseStarted{second},
                 outcome::CaseProgress{second, "step 3/7: 模块没有卸载因为线程还在运行模块没有卸载"},
                 support::finished(first, Outcome::passed), support::finished(second, Outcome::passed),
                 support::run_finished({2})})),
            R"(   Running 2 cases, 2 workers, QEMU
<CR>   Running [  00:00:02] [>                 ] 0/2: 1 running<ESC>[K
           [  00:00:01] ex7_1 [cpus=1]: starting<ESC>[J<CR><ESC>[1A<CR>   Running [  00:00:04] [>                 ] 0/2: 2 running<ESC>[K
           [  00:00:03] ex7_1 [cpus=1]: starting<ESC>[K
           [  00:00:01] ex7_2 [cpus=2]: starting<ESC>[J<CR><ESC>[2A<CR>   Running [  00:00:05] [>                 ] 0/2: 2 running<ESC>[K
           [  00:00:04] ex7_1 [cpus=1]: starting<ESC>[K
           [  00:00:02] ex7_2 [cpus=2]: step 3/7: 模块没有…<ESC>[J<CR><ESC>[2A<CR><ESC>[J    Passed [   1.250 s] ex7_1 [cpus=1]
<CR>   Running [  00:00:06] [====>   ] 1/2: 1 running, 1 passed<ESC>[K
           [  00:00:03] ex7_2 [cpus=2]: step 3/7: 模块没有…<ESC>[J<CR><ESC>[1A<CR><ESC>[J    Passed [   1.250 s] ex7_2 [cpus=2]

         1 CPU   2 CPUs
  ex7_1  passed  -
  ex7_2  -       passed

2 cases: 2 passed in 41.2 s
)");
}

TEST(Console, AFooterIsNotLeftBehind) {
  ConsoleOptions options;
  options.terminal = true;
  EXPECT_EQ(visible(support::console_output(ticking(options), {outcome::CaseStarted{support::make_case("ex7_1", 1)}})),
            R"(<CR>   Running [  00:00:02] [>                     ] 0/0: 1 running<ESC>[K
           [  00:00:01] ex7_1 [cpus=1]: starting<ESC>[J<CR><ESC>[1A<CR><ESC>[J)");
}

/// Returns everything that a console writes to a file if a case runs for `seconds`, with a tick each second.
std::string slow_run(ConsoleOptions options, int seconds) {
  char *data = nullptr;
  std::size_t size = 0;
  options.out = open_memstream(&data, &size);
  outcome::CaseFinished end = support::finished(support::make_case("ex7_1", 1), Outcome::passed);
  end.took = outcome::Seconds(seconds);
  {
    scenario::ScriptedRun run(options);
    run.at(0).tell(outcome::CaseStarted{end.test_case}).tell(outcome::CaseProgress{end.test_case, "step 1/2: load"});
    for (int second = 1; second < seconds; ++second) run.at(second).tell(outcome::Tick{});
    run.at(seconds).tell(end).tell(support::run_finished({1}));
  }
  std::fclose(options.out);
  std::string text(data, size);
  std::free(data);
  return text;
}

TEST(Console, ASlowCaseIsToldOfOncePerSlowTimeAndMarkedAtItsEnd) {
  ConsoleOptions options;
  options.slow = outcome::Seconds(2.5);
  EXPECT_EQ(slow_run(options, 7), R"(      Slow [>  2.500 s] ex7_1 [cpus=1]: step 1/2: load
      Slow [>  5.000 s] ex7_1 [cpus=1]: step 1/2: load
    Passed [   7.000 s] ex7_1 [cpus=1] (slow)
1 case: 1 passed in 41.2 s (1 slow)
)");
  EXPECT_EQ(slow_run(options, 2), "    Passed [   2.000 s] ex7_1 [cpus=1]\n1 case: 1 passed in 41.2 s\n");
}

TEST(Console, NoCaseIsSlowWhereItIsNotAskedFor) {
  EXPECT_EQ(slow_run({}, 100), "    Passed [ 100.000 s] ex7_1 [cpus=1]\n1 case: 1 passed in 41.2 s\n");
  ConsoleOptions quiet;
  quiet.slow = outcome::Seconds(1);
  quiet.quiet = true;
  EXPECT_EQ(slow_run(quiet, 100), "1 case: 1 passed in 41.2 s (1 slow)\n");
}

TEST(Console, EachAttemptHasAClockOfItsOwn) {
  ConsoleOptions options;
  options.slow = outcome::Seconds(10);
  char *data = nullptr;
  std::size_t size = 0;
  options.out = open_memstream(&data, &size);
  const std::vector<outcome::CaseFinished> flaky = support::flaky();
  {
    scenario::ScriptedRun run(options);
    run.at(0)
        .tell(outcome::CaseStarted{flaky[0].test_case})
        .at(11)
        .tell(outcome::Tick{})
        .tell(outcome::CaseRetried{flaky[0], 2});
    run.at(20).tell(outcome::Tick{}).at(21).tell(outcome::Tick{});
  }
  std::fclose(options.out);
  const std::string text(data, size);
  std::free(data);
  EXPECT_EQ(text, R"(      Slow [> 10.000 s] ex7_1 [cpus=2]: starting
      Hung [   1.250 s] ex7_1 [cpus=2], attempt 1 of 2: soft lockup
      Slow [> 10.000 s] ex7_1 [cpus=2]: starting
)");
}

TEST(Console, FailuresAreToldWhenItIsWanted) {
  const outcome::CaseFinished failed =
      support::finished(support::make_case("ex7_1", 1), Outcome::failed, "no such line");
  const std::string line = "    Failed [   1.250 s] ex7_1 [cpus=1]: no such line\n";
  const std::string whole =
      "\nFailed ex7_1 [cpus=1]: no such line\n"
      "     again: kmodtest run testplans/ex7_1.yaml --case \"ex7_1 [cpus=1]\"\n"
      "     enter: kmodtest shell testplans/ex7_1.yaml --case \"ex7_1 [cpus=1]\"\n\n";
  const std::string end = "1 case: 1 failed in 41.2 s\n";
  const auto told = [&](FailureOutput when) {
    ConsoleOptions options;
    options.failures = when;
    return support::console_output(options, {failed, outcome::Notice{"later"}, support::run_finished({0, 1})});
  };
  const std::string later = "      note later\n";
  EXPECT_EQ(told(FailureOutput::at_end), line + later + whole + end);
  EXPECT_EQ(told(FailureOutput::at_once), line + whole + later + end);
  EXPECT_EQ(told(FailureOutput::both), line + whole + later + whole + end);
  EXPECT_EQ(told(FailureOutput::never), line + later + end);
}

}  // namespace
}  // namespace kmodtest::report
