// SPDX-License-Identifier: GPL-2.0-or-later
// A race that a plain run does not show: found, reduced, run again to the bit; and its repaired twin.
#include <gtest/gtest.h>

#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

const fs::path kSource = KMODTEST_SOURCE;

std::vector<std::string> exploring(const std::string &plan, const std::vector<std::string> &options) {
  std::vector<std::string> arguments = {"explore", kSource / "testplans/racy" / plan};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return arguments;
}

TEST(Explore, FindsARaceAndReplaysItToTheBit) {
  const ScratchFolder scratch;
  const fs::path json = scratch.path() / "found.jsonl";
  const Ended found = kmodtest(exploring("lost_update.yaml", {"--seeds", "60", "--until-failure", "--json", json,
                                                              "--html", scratch.path() / "found.html"}));
  EXPECT_EQ(found.exit_code, 1) << found.out << found.err;
  EXPECT_NE(found.out.find("sum is 'N', not 'N'"), std::string::npos) << found.out;
  EXPECT_NE(found.out.find("lost_update.c:"), std::string::npos) << found.out;
  const auto cases = finished_cases(json);
  ASSERT_EQ(cases.size(), 1) << found.out;
  EXPECT_EQ(cases[0].at("outcome"), "failed");
  const fs::path folder = cases[0].at("artifacts").get<std::string>();
  const std::string schedule = read_file(folder / "schedule.txt");
  EXPECT_TRUE(schedule.starts_with("# kmodtest schedule 1\n")) << schedule;
  EXPECT_NE(found.out.find("kmodtest replay " + folder.string()), std::string::npos) << found.out;
  EXPECT_NE(found.out.find("it passes; both runs are the same for "), std::string::npos) << found.out;
  EXPECT_NE(read_file(scratch.path() / "found.html").find("The run that passes"), std::string::npos);

  const fs::path again_json = scratch.path() / "again.jsonl";
  const Ended again = kmodtest({"replay", folder, "--repeat", "3", "--json", again_json});
  EXPECT_EQ(again.exit_code, 1) << again.out << again.err;
  const auto runs = finished_cases(again_json);
  ASSERT_EQ(runs.size(), 3);
  for (const auto &run : runs) EXPECT_EQ(run.at("digest"), cases[0].at("digest"));
}

TEST(Explore, FindsNothingInTheRepairedTwin) {
  const Ended found = kmodtest(exploring("lost_update_repaired.yaml", {"--seeds", "40"}));
  EXPECT_EQ(found.exit_code, 0) << found.out << found.err;
  EXPECT_NE(found.out.find("0 failed (0 kinds)"), std::string::npos) << found.out;
}

TEST(Explore, AScheduleWhosePlaceIsGoneFails) {
  const ScratchFolder scratch;
  fs::copy(kSource / "modules/racy/lost_update", scratch.path() / "lost_update");
  scratch.write("old.schedule",
                "# kmodtest schedule 1\n"
                "module lost_update at 0xffffffffc0211000\n"
                "at lost_update:removed_since+0x4 time 1 wait 100us\n");
  const fs::path plan = scratch.write("old.yaml",
                                      "module: lost_update\n"
                                      "schedule: old.schedule\n"
                                      "steps: [load, unload]\n");
  const Ended ended = kmodtest({"run", plan});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("the schedule's place lost_update:removed_since+0x4 is gone"), std::string::npos)
      << ended.out;
}

}  // namespace
}  // namespace kmodtest::e2e
