// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/schedule.hpp"

#include <gtest/gtest.h>

namespace kmodtest::plan {
namespace {

using std::chrono::microseconds;

Schedule sample() {
  Schedule schedule;
  schedule.about = {"racy [cpus=2], seed 17", "failed: the content is not \"2000\""};
  schedule.modules = {{"racy", 0xffffffffc0203000}, {"racy.init", 0xffffffffc0209000}};
  schedule.delays = {{3, microseconds(1500)}};
  schedule.holds = {{.module = "racy",
                     .function = "worker",
                     .offset = 0x34,
                     .time = 7,
                     .wait = microseconds(1024),
                     .source = "racy.c:31"},
                    {.module = "", .function = "", .offset = 0xffffffffc0300010, .time = 1, .wait = microseconds(0)}};
  return schedule;
}

TEST(ScheduleText, IsWhatAReaderExpects) {
  EXPECT_EQ(schedule_text(sample()),
            "# kmodtest schedule 1\n"
            "# racy [cpus=2], seed 17\n"
            "# failed: the content is not \"2000\"\n"
            "module racy at 0xffffffffc0203000\n"
            "module racy.init at 0xffffffffc0209000\n"
            "step 3 wait 1500us\n"
            "at racy:worker+0x34 time 7 wait 1024us  # racy.c:31\n"
            "at 0xffffffffc0300010 time 1 wait 0us\n");
}

TEST(ScheduleText, IsReadAgain) {
  std::string problem;
  const auto read = parse_schedule(schedule_text(sample()), problem);
  ASSERT_TRUE(read) << problem;
  EXPECT_EQ(read->modules, sample().modules);
  EXPECT_EQ(read->delays, sample().delays);
  ASSERT_EQ(read->holds.size(), 2);
  EXPECT_EQ(read->holds[0].place(), "racy:worker+0x34");
  EXPECT_EQ(read->holds[0].time, 7);
  EXPECT_EQ(read->holds[0].wait, microseconds(1024));
  EXPECT_EQ(read->holds[1], sample().holds[1]);
}

TEST(ScheduleText, NamesTheLineThatIsWrong) {
  const auto problem_of = [](const std::string &line) {
    std::string problem;
    EXPECT_FALSE(parse_schedule("# kmodtest schedule 1\n\n" + line + "\n", problem)) << line;
    return problem;
  };
  EXPECT_EQ(problem_of("wait 3us"), "line 3: unknown word 'wait': a line begins with module, step or at");
  EXPECT_EQ(problem_of("module racy"), "line 3: expected 'module NAME at 0xADDRESS'");
  EXPECT_EQ(problem_of("step 0 wait 3us"), "line 3: expected 'step NUMBER wait MICROSECONDSus', at most a second");
  EXPECT_EQ(problem_of("step 1 wait 2000000us"),
            "line 3: expected 'step NUMBER wait MICROSECONDSus', at most a second");
  EXPECT_EQ(problem_of("at racy:f+0x1 time 1 wait 1us"),
            "line 3: no line before this one says where module 'racy' was");
  EXPECT_EQ(problem_of("at racy:f time 1 wait 1us"),
            "line 3: expected 'at MODULE:FUNCTION+0xOFFSET time NUMBER wait MICROSECONDSus', at most a second");
  std::string problem;
  EXPECT_FALSE(parse_schedule("steps:\n", problem));
  EXPECT_EQ(problem, "line 1: expected '# kmodtest schedule 1'");
  EXPECT_FALSE(parse_schedule("# kmodtest schedule 12\n", problem)) << "of a later version";
  EXPECT_FALSE(parse_schedule("", problem));
}

TEST(ScheduleText, HasALimit) {
  std::string text = "# kmodtest schedule 1\n";
  for (int i = 0; i < 65; ++i) text += "at 0xffffffffc0300010 time 1 wait 0us\n";
  std::string problem;
  EXPECT_FALSE(parse_schedule(text, problem));
  EXPECT_EQ(problem, "line 66: there are more than 64 lines with 'at'");
}

}  // namespace
}  // namespace kmodtest::plan
