// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/command.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace kmodtest::cli {
namespace {

int run(std::vector<const char *> words) {
  words.insert(words.begin(), "kmodtest");
  return run_command_line(static_cast<int>(words.size()), words.data());
}

TEST(CommandLine, WrongUsageIsExitCode2AndHelpIs0) {
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(run({"no-such-command"}), 2);
  EXPECT_EQ(run({"run"}), 2);
  EXPECT_EQ(run({"run", "x.yaml", "--cpus", "65"}), 2);
  EXPECT_EQ(run({"run", "x.yaml", "-j", "0"}), 2);
  EXPECT_EQ(run({"kernels"}), 2);
  EXPECT_EQ(run({"cache"}), 2);
  EXPECT_EQ(run({"--help"}), 0);
  EXPECT_EQ(run({"run", "--help"}), 0);
  EXPECT_EQ(run({"--version"}), 0);
}

TEST(CommandLine, AnOptionTakesOneValueAndLeavesTheInputsAlone) {
  CLI::App app;
  PlanOptions options;
  options.add_to(app);
  const std::vector<const char *> words = {"kmodtest", "--cpus", "1,2", "--modules", "m", "--case", "x", "plan.yaml"};
  app.parse(static_cast<int>(words.size()), words.data());
  EXPECT_EQ(options.cpus, (std::vector<int>{1, 2}));
  EXPECT_EQ(options.ids, (std::vector<std::string>{"x"}));
  EXPECT_EQ(options.inputs, (std::vector<std::filesystem::path>{"plan.yaml"}));
}

TEST(CommandLine, EveryCommandHasASummaryInLowerCase) {
  for (const Command &command : commands()) {
    ASSERT_NE(command.summary[0], '\0');
    EXPECT_TRUE(std::islower(static_cast<unsigned char>(command.summary[0]))) << command.name;
  }
}

TEST(Errors, AreOneSentenceAndAHint) {
  EXPECT_EQ(render_error(base::Error("the disk is full", "make room")),
            "kmodtest: error: the disk is full\n  hint: make room\n");
  EXPECT_EQ(render_error(base::UsageError("no plan")), "kmodtest: error: no plan\n");
  EXPECT_EQ(render_error(std::runtime_error("something else")), "kmodtest: error: something else\n");
}

TEST(Errors, DecideTheExitCode) {
  EXPECT_EQ(exit_code_of(base::UsageError("x")), 2);
  EXPECT_EQ(exit_code_of(base::Error("x")), 3);
  EXPECT_EQ(exit_code_of(base::Interrupted()), 130);
  EXPECT_EQ(exit_code_of(std::runtime_error("x")), 3);
}

TEST(PlanOptions, MemoryIsASize) {
  PlanOptions options;
  options.memory = "1G";
  EXPECT_EQ(options.overrides().memory_mib, 1024u);
  options.memory = "300M";
  EXPECT_EQ(options.overrides().memory_mib, 300u);
  for (const char *bad : {"300", "M", "1T", "-1M", "99999999999M"}) {
    options.memory = bad;
    EXPECT_THROW(options.overrides(), base::UsageError) << bad;
  }
}

}  // namespace
}  // namespace kmodtest::cli
