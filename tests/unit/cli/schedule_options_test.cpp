// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/schedule_options.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "cli/command.hpp"

namespace kmodtest::cli {
namespace {

ScheduleOptions parse(std::vector<const char *> words) {
  CLI::App app;
  ScheduleOptions options;
  options.add_to(app);
  words.insert(words.begin(), "kmodtest");
  app.parse(static_cast<int>(words.size()), words.data());
  return options;
}

run::RunOptions applied(std::vector<const char *> words) {
  run::RunOptions options;
  parse(std::move(words)).apply_to(options);
  return options;
}

/// Returns the error of `kmodtest run x.yaml` with these words. It must end with exit code 2.
std::string option_complaint(std::vector<const char *> words) {
  words.insert(words.begin(), {"kmodtest", "run", "no-such-plan.yaml"});
  ::testing::internal::CaptureStderr();
  const int code = run_command_line(static_cast<int>(words.size()), words.data());
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(code, 2) << text;
  return text;
}

TEST(ScheduleOptions, NothingIsAskedFor) {
  const run::RunOptions options = applied({});
  EXPECT_EQ(options.workers, 0);
  EXPECT_EQ(options.repeats, 1);
  EXPECT_EQ(options.retries, 0);
  EXPECT_FALSE(options.fail_fast);
  EXPECT_FALSE(options.flaky_fails);
  EXPECT_FALSE(options.shuffle_seed.has_value());
  EXPECT_FALSE(options.as_given);
  EXPECT_FALSE(parse({}).wanted_shard().has_value());
}

TEST(ScheduleOptions, EverythingIsAskedFor) {
  const std::vector<const char *> words = {"-j", "3",           "--repeat",      "10000",     "--retries",
                                           "2",  "--fail-fast", "--flaky-fails", "--shuffle", "18446744073709551615"};
  const run::RunOptions options = applied(words);
  EXPECT_EQ(options.workers, 3);
  EXPECT_EQ(options.repeats, 10'000);
  EXPECT_EQ(options.retries, 2);
  EXPECT_TRUE(options.fail_fast);
  EXPECT_TRUE(options.flaky_fails);
  EXPECT_EQ(options.shuffle_seed, 18446744073709551615U);
}

TEST(ScheduleOptions, TheOrderIsTheGivenOneOrASeeds) {
  EXPECT_TRUE(applied({"--as-given"}).as_given);
  EXPECT_EQ(option_complaint({"--as-given", "--shuffle", "1"}),
            "kmodtest: error[K0104]: --as-given excludes --shuffle\n  hint: omit one of the two\n"
            "  more: kmodtest explain K0104\n");
}

TEST(ScheduleOptions, ARandomSeedIsOneThatCanBeGivenAgain) {
  const run::RunOptions options = applied({"--shuffle", "random"});
  ASSERT_TRUE(options.shuffle_seed.has_value());
  const std::string text = std::to_string(*options.shuffle_seed);
  EXPECT_EQ(applied({"--shuffle", text.c_str()}).shuffle_seed, options.shuffle_seed);
}

TEST(ScheduleOptions, AShardIsKOfN) {
  const auto shard = parse({"--shard", "2/4"}).wanted_shard();
  ASSERT_TRUE(shard.has_value());
  EXPECT_EQ(shard->number, 2);
  EXPECT_EQ(shard->of, 4);
  EXPECT_EQ(parse({"--shard", "1/1"}).wanted_shard()->of, 1);
  EXPECT_EQ(parse({"--shard", "1000/1000"}).wanted_shard()->number, 1000);
}

TEST(ScheduleOptions, BadShardsAreWrongUsage) {
  for (const char *bad : {"0/4", "5/4", "2", "2/", "/4", "/", "2/4/1", "-1/4", "1/-4", "+1/4", "1 /4", "a/b", "1/1001",
                          "99999999999/99999999999", "1/0"}) {
    const std::string option = std::string("--shard=") + bad;
    EXPECT_EQ(option_complaint({option.c_str()}),
              std::string(
                  "kmodtest: error[K0102]: --shard takes K/N with K from 1 to N and N up to 1000, such as 2/4, not '") +
                  bad + "'\n  more: kmodtest explain K0102\n");
  }
}

TEST(ScheduleOptions, BadNumbersAreWrongUsage) {
  for (const char *bad : {"0", "-1", "10001", "two", "1.5", "3x", " 3", "99999999999"}) {
    const std::string option = std::string("--repeat=") + bad;
    EXPECT_EQ(option_complaint({option.c_str()}),
              std::string("kmodtest: error[K0102]: --repeat takes a number from 1 to 10000, not '") + bad +
                  "'\n  more: kmodtest explain K0102\n");
  }
  for (const char *bad : {"-1", "101", "x"}) {
    const std::string option = std::string("--retries=") + bad;
    EXPECT_EQ(option_complaint({option.c_str()}),
              std::string("kmodtest: error[K0102]: --retries takes a number from 0 to 100, not '") + bad +
                  "'\n  more: kmodtest explain K0102\n");
  }
  for (const char *bad : {"-1", "Random", "18446744073709551616", "0x10"}) {
    const std::string option = std::string("--shuffle=") + bad;
    EXPECT_EQ(option_complaint({option.c_str()}),
              std::string("kmodtest: error[K0102]: --shuffle takes a number or 'random', not '") + bad +
                  "'\n  more: kmodtest explain K0102\n");
  }
}

}  // namespace
}  // namespace kmodtest::cli
