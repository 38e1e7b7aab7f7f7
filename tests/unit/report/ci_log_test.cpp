// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/ci/ci_log.hpp"

#include <gtest/gtest.h>
#include <sstream>

#include "support/sample_case.hpp"
#include "unit/report/scenario.hpp"

namespace kmodtest::report {
namespace {

using judge::Outcome;

CiLog github(const std::filesystem::path &root = {}) {
  CiOptions options;
  options.system = CiSystem::github;
  options.token = "secret";
  options.root = root;
  return CiLog(options);
}

/// Returns what GitHub's runner takes for commands in this log: "::" at the beginning of a line (after blanks), and
/// "##[" anywhere, unless commands are stopped.
std::vector<std::string> commands_in(const std::string &log) {
  std::vector<std::string> found;
  std::string token;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
    const std::string text = line.substr(begin);
    const std::string stop = "::stop-commands::";
    if (!token.empty()) {
      if (text == "::" + token + "::") token.clear();
    } else if (text.starts_with(stop)) {
      token = text.substr(stop.size());
    } else if (text.starts_with("::") || text.find("##[") != std::string::npos) {
      found.push_back(text);
    }
  }
  return found;
}

TEST(CiLog, WithoutASystemThereIsNoMarkup) {
  CiLog log{CiOptions{}};
  EXPECT_FALSE(log.on());
  EXPECT_EQ(log.begin() + log.end(), "");
  EXPECT_EQ(log.section("title", "body\n"), "title\nbody\n");
  EXPECT_EQ(log.annotations({annotation_of(support::full_failure())}), "");
}

TEST(CiLog, AnAnnotationNamesThePlaceInThePlan) {
  EXPECT_EQ(github().annotations({annotation_of(support::full_failure())}),
            "::secret::\n"
            "::error file=testplans/ex7_4.yaml,line=11,col=24,title=Failed ex7_4 [cpus=2 cpu=1]::"
            "'Thread exiting' did not appear within 5 s%0Aexpected: Thread exiting%0Aseen:%0AThread exitting%0A"
            "            ^%0Aagain: kmodtest run testplans/ex7_4.yaml --case \"ex7_4 [cpus=2 cpu=1]\"\n"
            "::stop-commands::secret\n");
}

TEST(CiLog, WhatHasAMeaningInACommandIsEscaped) {
  Annotation one;
  one.file = "a:b,c%.yaml";
  one.line = 3;
  one.title = "x, y: 100%\r\nz";
  one.message = "50%: a, b\n::error::c\r";
  EXPECT_EQ(
      github().annotations({one}),
      "::secret::\n::error file=a%3Ab%2Cc%25.yaml,line=3,title=x%2C y%3A 100%25%0D%0Az::50%25: a, b%0A::error::c%0D\n"
      "::stop-commands::secret\n");
}

TEST(CiLog, FilesAreSeenFromTheRootOfTheRepository) {
  Annotation one;
  one.file = "testplans/a.yaml";
  const auto here = std::filesystem::current_path();
  EXPECT_NE(
      github(here.parent_path()).annotations({one}).find("file=" + here.filename().string() + "/testplans/a.yaml,"),
      std::string::npos);
  EXPECT_NE(github(here / "elsewhere").annotations({one}).find("file=testplans/a.yaml,"), std::string::npos);
  one.file = "/root/repository/b.yaml";
  EXPECT_NE(github("/root/repository/").annotations({one}).find("file=b.yaml,"), std::string::npos);
}

TEST(CiLog, FlakyCasesAreWarnings) {
  const Annotation one = annotation_of(support::flaky()[1]);
  EXPECT_TRUE(one.warning);
  EXPECT_EQ(one.title, "Flaky ex7_1 [cpus=2]");
  EXPECT_EQ(one.message,
            "passed only at attempt 2\nbefore: soft lockup\n"
            "again: kmodtest run testplans/ex7_1.yaml --case \"ex7_1 [cpus=2]\"");
}

TEST(CiLog, GithubTakesTenErrorsAndTenWarningsFromAStep) {
  std::vector<Annotation> all;
  for (int number = 1; number <= 12; ++number) {
    Annotation one;
    one.title = "error " + std::to_string(number);
    all.push_back(one);
    one.warning = true;
    one.title = "warning " + std::to_string(number);
    if (number <= 10) all.push_back(one);
  }
  const std::vector<std::string> commands = commands_in(github().begin() + github().annotations(all));
  ASSERT_EQ(commands.size(), 20u);
  EXPECT_EQ(commands[8], "::error title=error 9::");
  EXPECT_EQ(commands[9], "::error title=3 more did not pass::error 10%0Aerror 11%0Aerror 12");
  EXPECT_EQ(commands[19], "::warning title=warning 10::");
}

TEST(CiLog, AGitlabSectionHasANameOfItsOwnAndIsFolded) {
  CiOptions options;
  options.system = CiSystem::gitlab;
  std::time_t now = 100;
  options.clock = [&now] { return now++; };
  CiLog log(options);
  EXPECT_EQ(log.section("Failed a", "body\n"),
            "\x1b[0Ksection_start:100:kmodtest_1[collapsed=true]\r\x1b[0KFailed a\nbody\n"
            "\x1b[0Ksection_end:101:kmodtest_1\r\x1b[0K\n");
  EXPECT_NE(log.section("b", "").find("kmodtest_2"), std::string::npos);
}

/// Returns everything that a console writes for the run with every outcome, whose guests write commands themselves.
std::string written(bool verbose, bool ordered, FailureOutput failures) {
  char *data = nullptr;
  std::size_t size = 0;
  ConsoleOptions options;
  options.out = open_memstream(&data, &size);
  options.verbose = verbose;
  options.ordered = ordered;
  options.failures = failures;
  options.ci.system = CiSystem::github;
  options.ci.token = "secret";
  {
    scenario::ScriptedRun run(options);
    scenario::every_outcome(run, [](const std::string &) {});
  }
  std::fclose(options.out);
  std::string text(data, size);
  std::free(data);
  return text;
}

TEST(CiLog, NoGuestGivesACommand) {
  for (const bool verbose : {false, true}) {
    for (const auto failures : {FailureOutput::at_end, FailureOutput::at_once, FailureOutput::both}) {
      const std::string log = written(verbose, verbose, failures);
      EXPECT_NE(log.find("::error file=a,line=1::from the guest"), std::string::npos) << "the guest says nothing";
      int groups = 0;
      for (const std::string &command : commands_in(log)) {
        const bool ours = command.starts_with("::group::") || command == "::endgroup::" ||
                          command.starts_with("::error file=testplans/") ||
                          command.starts_with("::warning file=testplans/");
        EXPECT_TRUE(ours) << command;
        EXPECT_EQ(command.find("file=a,"), std::string::npos) << command;
        groups += command.starts_with("::group::") ? 1 : command == "::endgroup::" ? -1 : 0;
        EXPECT_TRUE(groups == 0 || groups == 1) << "groups do not nest on GitHub: " << command;
      }
      EXPECT_EQ(groups, 0);
      EXPECT_TRUE(log.starts_with("::stop-commands::secret\n")) << log.substr(0, 100);
      EXPECT_TRUE(log.ends_with("::secret::\n")) << "commands of later lines of the step stay off";
    }
  }
}

}  // namespace
}  // namespace kmodtest::report
