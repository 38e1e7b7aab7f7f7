// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/process.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace kmodtest::base {
namespace {

TEST(Process, KeepsOutputAndErrorsApart) {
  const auto result = run_process({"sh", "-c", "echo out; echo err >&2; exit 3"});
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_FALSE(result.ok());
}

TEST(Process, MergesThemInOrderWhenAsked) {
  ProcessOptions options;
  options.merge_output = true;
  const auto result = run_process({"sh", "-c", "echo 1; echo 2 >&2; echo 3"}, options);
  EXPECT_EQ(result.out, "1\n2\n3\n");
  EXPECT_EQ(result.err, "");
}

TEST(Process, UsesNoShell) {
  EXPECT_EQ(run_process({"echo", "$HOME; `ls`", "*"}).out, "$HOME; `ls` *\n");
}

TEST(Process, HasEmptyInput) {
  EXPECT_EQ(run_process({"cat"}).out, "");
}

TEST(Process, StartsWhereAndWithWhatItIsTold) {
  ProcessOptions options;
  options.directory = "/usr";
  options.environment = {{"KMODTEST_A", "b c"}, {"HOME", std::nullopt}};
  EXPECT_EQ(run_process({"sh", "-c", "pwd; echo $KMODTEST_A; echo ${HOME-none}"}, options).out, "/usr\nb c\nnone\n");
}

TEST(Process, TakesMoreOutputThanAPipeHolds) {
  const auto result = run_process({"sh", "-c", "head -c 3000000 /dev/zero; head -c 300000 /dev/zero >&2"});
  EXPECT_EQ(result.out.size(), 3'000'000U);
  EXPECT_EQ(result.err.size(), 300'000U);
}

TEST(Process, ASignalIsAnExitCodeAndSigintAnInterruption) {
  EXPECT_EQ(run_process({"sh", "-c", "kill -TERM $$"}).exit_code, 128 + 15);
  EXPECT_THROW(run_process({"sh", "-c", "kill -INT $$"}), Interrupted);
}

TEST(Process, WhatCannotBeStartedIsAnError) {
  try {
    run_process({"kmodtest-no-such-program"});
    FAIL() << "it ran";
  } catch (const Error &error) {
    EXPECT_STREQ(error.what(), "there is no program 'kmodtest-no-such-program' on this machine");
    EXPECT_EQ(error.hint(), "install it, or add its folder to PATH");
  }
  try {
    run_process({"/etc/passwd"});
    FAIL() << "it ran";
  } catch (const Error &error) {
    EXPECT_STREQ(error.what(), "cannot start '/etc/passwd': Permission denied");
  }
  ProcessOptions nowhere;
  nowhere.directory = "/no/such/folder";
  EXPECT_THROW(run_process({"true"}, nowhere), Error);
}

}  // namespace
}  // namespace kmodtest::base
