// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>

#include "unit/report/sample.hpp"

namespace kmodtest::report {
namespace {

using judge::Outcome;

TEST(Failure, TellsAllThereIs) {
  CaseFinished finished = sample::full_failure();
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
)");
}

TEST(Failure, AttemptsBeforeTheLastOneStandBehindItInALineEach) {
  CaseFinished finished = sample::full_failure();
  CaseFinished first = sample::finished(finished.test_case, Outcome::crashed, "NULL pointer dereference");
  CaseFinished second = sample::finished(finished.test_case, Outcome::errored, "the channel broke");
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
)");
}

TEST(Failure, ShowsTheEndOfALongLog) {
  CaseFinished finished = sample::finished(sample::make_case("ex7_4", 1), Outcome::failed, "no such line");
  std::vector<wire::KernelLogLine> log{sample::marker(1, "step 1: load ex7_4")};
  for (int number = 1; number <= 32; ++number) log.push_back(sample::line(number * 10, std::to_string(number)));
  finished.seen = sample::seen(log);
  const std::string text = render_failure(finished);
  const std::string start =
      "Failed ex7_4 [cpus=1]: no such line\n"
      "  log of this case:\n"
      "    … 2 lines before (--out DIR keeps all of it)\n"
      "    [    0.030000] 3\n";
  EXPECT_EQ(text.substr(0, start.size()), start);
  finished.artifacts = "out/x";
  EXPECT_NE(render_failure(finished).find("    … 2 lines before (all of it: out/x/kmsg.log)\n"), std::string::npos);
}

TEST(Failure, ShowsTheConsoleWhereThereIsNoLog) {
  CaseFinished finished = sample::finished(sample::make_case("ex7_4", 1), Outcome::errored, "the guest did not boot");
  auto seen = std::make_shared<judge::Observations>();
  seen->console = "Linux version 6.1\r\nKernel panic - not syncing: VFS\x1b[0m\r\n";
  finished.seen = seen;
  EXPECT_EQ(render_failure(finished), R"(Errored ex7_4 [cpus=1]: the guest did not boot
  serial console:
    Linux version 6.1
    Kernel panic - not syncing: VFS\x1b[0m
     again: kmodtest run testplans/ex7_4.yaml --case "ex7_4 [cpus=1]"
)");
}

TEST(Failure, TheCaretStandsUnderItsWordAfterWideCharacters) {
  CaseFinished finished = sample::finished(sample::make_case("ex7_4", 1), Outcome::failed, "x");
  finished.verdict.evidence.front().where = {"a.yaml", 7, 13};
  finished.verdict.evidence.front().source = "  - {模块: ±, count: 1}";
  EXPECT_EQ(render_failure(finished), R"(Failed ex7_4 [cpus=1]: x
   --> a.yaml:7:13
  7 |   - {模块: ±, count: 1}
    |               ^~~~~
     again: kmodtest run testplans/ex7_4.yaml --case "ex7_4 [cpus=1]"
)");
}

TEST(Failure, ACaseWithoutAPlanIsRepeatedFromItsModules) {
  auto test_case = std::make_shared<plan::Case>(*sample::make_case("my", 4));
  test_case->plan_file.clear();
  test_case->modules.push_back({plan::ModuleSource::Kind::file, "/tmp/my module.ko", "my", {}});
  EXPECT_EQ(render_failure(sample::finished(test_case, Outcome::failed, "x")),
            "Failed my [cpus=4]: x\n"
            "     again: kmodtest run \"/tmp/my module.ko\" --case \"my [cpus=4]\"\n");
}

}  // namespace
}  // namespace kmodtest::report
