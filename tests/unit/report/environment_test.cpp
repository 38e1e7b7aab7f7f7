// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdlib>
#include <gtest/gtest.h>

#include "support/sample_case.hpp"
#include "unit/report/terminal.hpp"

namespace kmodtest::report {
namespace {

class Environment : public testing::Test {
 protected:
  void SetUp() override {
    for (const char *name :
         {"NO_COLOR", "CLICOLOR_FORCE", "COLUMNS", "GITHUB_ACTIONS", "GITHUB_WORKSPACE", "GITLAB_CI"}) {
      unsetenv(name);
    }
  }
  void TearDown() override {
    SetUp();
    std::fclose(file_);
  }
  std::FILE *file_ = std::tmpfile();
};

TEST_F(Environment, AFileIsNoTerminal) {
  const ConsoleOptions options = console_options_from_environment(file_);
  EXPECT_FALSE(options.terminal);
  EXPECT_FALSE(options.color);
  EXPECT_EQ(options.width, 80);
}

TEST_F(Environment, ColourCanBeForcedAndRefused) {
  setenv("CLICOLOR_FORCE", "1", 1);
  EXPECT_TRUE(console_options_from_environment(file_).color);
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(console_options_from_environment(file_).color);
  unsetenv("NO_COLOR");
  setenv("CLICOLOR_FORCE", "0", 1);
  EXPECT_FALSE(console_options_from_environment(file_).color);
}

TEST_F(Environment, ColumnsIsTheWidthWhenItIsANumber) {
  setenv("COLUMNS", "132", 1);
  EXPECT_EQ(console_options_from_environment(file_).width, 132);
  setenv("COLUMNS", "wide", 1);
  EXPECT_EQ(console_options_from_environment(file_).width, 80);
}

TEST_F(Environment, ATerminalIsAskedForItsSizeEachTime) {
  Terminal terminal(100, 30);
  setenv("TERM", "xterm-256color", 1);
  ConsoleOptions options = console_options_from_environment(terminal.out());
  EXPECT_TRUE(options.terminal && options.color);
  EXPECT_EQ(options.width, 100);
  terminal.resize(60, 20);
  EXPECT_EQ(options.size().columns, 60);
  EXPECT_EQ(options.size().rows, 20);
  setenv("COLUMNS", "80", 1);
  options = console_options_from_environment(terminal.out());
  EXPECT_EQ(options.size().columns, 60) << "wider than the terminal";
  terminal.resize(120, 20);
  EXPECT_EQ(options.size().columns, 80);
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(console_options_from_environment(terminal.out()).terminal);
}

TEST_F(Environment, JobsOfCiAreKnownByTheirVariables) {
  EXPECT_EQ(console_options_from_environment(file_).ci.system, CiSystem::none);
  setenv("GITLAB_CI", "true", 1);
  EXPECT_EQ(console_options_from_environment(file_).ci.system, CiSystem::gitlab);
  setenv("GITHUB_ACTIONS", "true", 1);
  setenv("GITHUB_WORKSPACE", "/work/repository", 1);
  const CiOptions first = console_options_from_environment(file_).ci;
  EXPECT_EQ(first.system, CiSystem::github);
  EXPECT_EQ(first.root, "/work/repository");
  EXPECT_EQ(first.token.size(), 32u);
  EXPECT_NE(first.token, console_options_from_environment(file_).ci.token);
  setenv("GITHUB_ACTIONS", "", 1);
  EXPECT_EQ(console_options_from_environment(file_).ci.system, CiSystem::gitlab);
}

}  // namespace
}  // namespace kmodtest::report
