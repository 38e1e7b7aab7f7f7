// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdlib>
#include <gtest/gtest.h>

#include "unit/report/sample.hpp"

namespace kmodtest::report {
namespace {

class Environment : public testing::Test {
 protected:
  void SetUp() override {
    for (const char *name : {"NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"}) unsetenv(name);
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

}  // namespace
}  // namespace kmodtest::report
