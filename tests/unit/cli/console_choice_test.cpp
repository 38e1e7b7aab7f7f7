// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/console_choice.hpp"

#include <cstdlib>
#include <gtest/gtest.h>

#include "cli/command.hpp"

namespace kmodtest::cli {
namespace {

class ConsoleChoiceTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char *name : {"NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"}) unsetenv(name);
  }
  void TearDown() override {
    SetUp();
    std::fclose(file_);
  }

  report::ConsoleOptions options(std::vector<const char *> words, bool waits_for_user = false) {
    CLI::App app;
    ConsoleChoice choice;
    choice.add_to(app);
    words.insert(words.begin(), "kmodtest");
    app.parse(static_cast<int>(words.size()), words.data());
    return choice.options(file_, waits_for_user);
  }
  std::FILE *file_ = std::tmpfile();
};

TEST_F(ConsoleChoiceTest, NothingIsAskedFor) {
  const report::ConsoleOptions asked = options({});
  EXPECT_FALSE(asked.verbose || asked.quiet || asked.ordered || asked.timings || asked.terminal || asked.color);
  EXPECT_EQ(asked.slow, outcome::Seconds(30));
  EXPECT_EQ(asked.failures, report::FailureOutput::at_end);
}

TEST_F(ConsoleChoiceTest, EverythingIsAskedFor) {
  const report::ConsoleOptions asked =
      options({"-v", "-q", "--ordered", "--timings", "--slow", "2.5", "--failure-output", "immediate-final"});
  EXPECT_TRUE(asked.verbose && asked.quiet && asked.ordered && asked.timings);
  EXPECT_EQ(asked.slow, outcome::Seconds(2.5));
  EXPECT_EQ(asked.failures, report::FailureOutput::both);
}

TEST_F(ConsoleChoiceTest, WhatWaitsForTheUserIsNotSlow) {
  EXPECT_EQ(options({"--slow", "1"}, true).slow, outcome::Seconds(0));
}

TEST_F(ConsoleChoiceTest, TheOptionOutranksTheEnvironment) {
  EXPECT_TRUE(options({"--color", "always"}).color);
  setenv("NO_COLOR", "1", 1);
  EXPECT_TRUE(options({"--color", "always"}).color);
  EXPECT_FALSE(options({"--color", "auto"}).color);
  unsetenv("NO_COLOR");
  setenv("CLICOLOR_FORCE", "1", 1);
  EXPECT_TRUE(options({}).color);
  EXPECT_FALSE(options({"--color=never"}).color);
}

TEST(ConsoleChoice, WrongValuesAreNamed) {
  const std::vector<std::pair<std::vector<const char *>, std::string>> wrong = {
      {{"--color", "blue"}, "--color"},
      {{"--slow", "soon"}, "--slow"},
      {{"--slow", "-1"}, "--slow"},
      {{"--failure-output", "later"}, "--failure-output"},
  };
  for (const auto &[words, named] : wrong) {
    std::vector<const char *> all = {"kmodtest", "run", "no-such-plan.yaml"};
    all.insert(all.end(), words.begin(), words.end());
    testing::internal::CaptureStderr();
    EXPECT_EQ(run_command_line(static_cast<int>(all.size()), all.data()), 2);
    EXPECT_NE(testing::internal::GetCapturedStderr().find(named), std::string::npos) << named;
  }
}

}  // namespace
}  // namespace kmodtest::cli
