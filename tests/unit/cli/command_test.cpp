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

/// Returns the error on stderr for an invalid command line.
std::string complaint(const std::vector<const char *> &words) {
  testing::internal::CaptureStderr();
  const int status = run(words);
  const std::string said = testing::internal::GetCapturedStderr();
  return status == 2 ? said : "exit " + std::to_string(status) + ": " + said;
}

TEST(CommandLine, AnUnknownOptionIsNamedWithTheOneThatIsMeant) {
  EXPECT_EQ(complaint({"run", "x.yaml", "--repaet", "3"}),
            "kmodtest: error[K0101]: 'kmodtest run' has no option '--repaet'\n  hint: did you mean '--repeat'?\n"
            "  more: kmodtest explain K0101\n");
  EXPECT_EQ(complaint({"run", "x.yaml", "--qqqqqqqqqqqq=1"}),
            "kmodtest: error[K0101]: 'kmodtest run' has no option '--qqqqqqqqqqqq'\n"
            "  hint: see kmodtest run --help\n  more: kmodtest explain K0101\n");
}

TEST(CommandLine, AnUnknownCommandIsNamedWithTheOneThatIsMeant) {
  EXPECT_EQ(complaint({"rnu", "x.yaml"}),
            "kmodtest: error[K0101]: 'kmodtest' has no command 'rnu'\n  hint: did you mean 'run'?\n"
            "  more: kmodtest explain K0101\n");
  EXPECT_EQ(complaint({"kernels", "fecth"}),
            "kmodtest: error[K0101]: 'kmodtest kernels' has no command 'fecth'\n  hint: did you mean 'fetch'?\n"
            "  more: kmodtest explain K0101\n");
}

TEST(CommandLine, WhatIsMissingIsNamed) {
  EXPECT_EQ(complaint({}),
            "kmodtest: error[K0103]: 'kmodtest' needs a command\n  hint: see kmodtest --help\n"
            "  more: kmodtest explain K0103\n");
  EXPECT_EQ(complaint({"run"}),
            "kmodtest: error[K0103]: input is required (kmodtest run)\n  hint: see kmodtest run --help\n"
            "  more: kmodtest explain K0103\n");
  EXPECT_NE(complaint({"run", "x.yaml", "--junit"}).find("error[K0103]: --junit"), std::string::npos);
}

TEST(CommandLine, AValueThatCannotBeIsNamedWithTheOneThatIsMeant) {
  const std::string time = complaint({"run", "x.yaml", "--time", "vrtual"});
  EXPECT_NE(time.find("error[K0102]: --time: vrtual not in "), std::string::npos) << time;
  EXPECT_NE(time.find("  hint: did you mean 'virtual'?\n"), std::string::npos) << time;
  const std::string cpus = complaint({"run", "x.yaml", "--cpus", "65"});
  EXPECT_NE(cpus.find("error[K0102]: --cpus: Value 65 not in range"), std::string::npos) << cpus;
  const std::string both = complaint({"run", "x.yaml", "--as-given", "--shuffle", "3"});
  EXPECT_NE(both.find("error[K0104]: --as-given excludes --shuffle\n  hint: omit one of the two\n"), std::string::npos)
      << both;
}

std::string printed(const std::vector<const char *> &words) {
  testing::internal::CaptureStdout();
  const int status = run(words);
  const std::string said = testing::internal::GetCapturedStdout();
  return status == 0 ? said : "exit " + std::to_string(status) + ": " + said;
}

TEST(Explain, TellsOfOneCodeOfSeveralAndOfAll) {
  const std::string one = printed({"explain", "K0601"});
  EXPECT_EQ(one.find("K0601: QEMU is not installed\n"), 0u) << one;
  EXPECT_NE(one.find("\n    sudo apt-get install "), std::string::npos) << one;
  const std::string two = printed({"explain", "601", "k0901"});
  EXPECT_NE(two.find("\nK0901: the debugger gdb is not installed\n"), std::string::npos) << two;
  const std::string all = printed({"explain"});
  EXPECT_NE(all.find("  K0101  an unknown command or option\n"), std::string::npos) << all;
  EXPECT_EQ(printed({"explain", "--markdown"}).find("# Errors\n"), 0u);
}

TEST(Explain, SuggestsTheNearestOfACodeThatIsNone) {
  EXPECT_EQ(complaint({"explain", "K0651"}),
            "kmodtest: error[K0113]: unknown error code 'K0651'\n  hint: did you mean K0601 (QEMU is not installed)?\n"
            "  more: kmodtest explain K0113\n");
  EXPECT_EQ(
      complaint({"explain", "qemu"}),
      "kmodtest: error[K0113]: unknown error code 'qemu'\n  hint: kmodtest explain without a code lists all of them\n"
      "  more: kmodtest explain K0113\n");
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
  EXPECT_EQ(render_error(base::Error(base::Code::disk_full, "the disk is full", "make room")),
            "kmodtest: error[K0302]: the disk is full\n  hint: make room\n  more: kmodtest explain K0302\n");
  EXPECT_EQ(render_error(base::UsageError(base::Code::not_a_plan, "no plan")),
            "kmodtest: error[K0203]: no plan\n  more: kmodtest explain K0203\n");
  EXPECT_EQ(render_error(std::runtime_error("something else")),
            "kmodtest: error[K0999]: something else\n  more: kmodtest explain K0999\n");
}

TEST(Errors, DecideTheExitCode) {
  EXPECT_EQ(exit_code_of(base::UsageError(base::Code::not_a_plan, "x")), 2);
  EXPECT_EQ(exit_code_of(base::Error(base::Code::disk_full, "x")), 3);
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
