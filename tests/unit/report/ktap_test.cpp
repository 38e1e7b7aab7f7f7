// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "judge/observations.hpp"
#include "support/every_outcome.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::report {
namespace {

using judge::Outcome;
using Cases = std::vector<std::shared_ptr<const plan::Case>>;

const outcome::RunStarted kStarted{1, 1, "QEMU 10.0.2 (TCG)"};

/// Returns the file's content after each event.
std::vector<std::string> growth(const Cases &cases, const std::vector<outcome::Event> &events, int repeats = 1) {
  const support::ScratchFolder folder;
  const auto file = folder / "results.ktap";
  const std::unique_ptr<outcome::Listener> ktap = make_ktap(file, cases, repeats, "0.1.0");
  std::vector<std::string> texts;
  for (const outcome::Event &event : events) {
    ktap->on(event);
    texts.push_back(support::read_file(file));
  }
  return texts;
}

outcome::CaseFinished result(const Cases &cases, std::size_t number, Outcome outcome, const std::string &summary = "") {
  return support::numbered(support::finished(cases[number], outcome, summary), number);
}

TEST(Ktap, APlanIsATestAndItsCasesAreTheTestsInIt) {
  const Cases cases = {support::make_case("a", 1), support::make_case("a", 2), support::make_case("b", 1)};
  outcome::CaseFinished failed = result(cases, 1, Outcome::failed, "no such line");
  failed.verdict.evidence.front().expected = "Thread exiting";
  failed.seen = support::seen({support::marker(1000, "step 1: load a"), support::line(1500, "Thread started")});
  EXPECT_EQ(
      growth(cases, {kStarted, result(cases, 0, Outcome::passed), failed,
                     result(cases, 2, Outcome::skipped, "too slow here"), support::run_finished({1, 1, 0, 0, 0, 0, 1})})
          .back(),
      R"(KTAP version 1
1..2
# kmodtest 0.1.0, QEMU 10.0.2 (TCG)
  KTAP version 1
  # Subtest: a works
  1..2
  ok 1 a [cpus=1]
  # Failed a [cpus=2]: no such line
  #   expected: Thread exiting
  #   log of this case:
  #     [    1.000000] -- step 1: load a
  #     [    1.500000] Thread started
  #      again: kmodtest run testplans/a.yaml --case "a [cpus=2]"
  #      enter: kmodtest shell testplans/a.yaml --case "a [cpus=2]"
  not ok 2 a [cpus=2] # Failed: no such line
# a works: pass:1 fail:1 skip:0 total:2
not ok 1 a works
  KTAP version 1
  # Subtest: b works
  1..1
  ok 1 b [cpus=1] # SKIP too slow here
# b works: pass:0 fail:0 skip:1 total:1
ok 2 b works # SKIP none of its cases ran
)");
}

TEST(Ktap, DirectivesTellHowItWentWrong) {
  const Cases cases = {support::make_case("a", 1), support::make_case("a", 2), support::make_case("a", 3),
                       support::make_case("a", 4)};
  outcome::CaseFinished flaky = result(cases, 3, Outcome::passed);
  flaky.attempt = 2;
  flaky.earlier = {result(cases, 3, Outcome::hung, "stuck")};
  const std::string text = growth(cases, {kStarted, result(cases, 0, Outcome::hung, "soft lockup"),
                                          result(cases, 1, Outcome::errored, "the channel broke"),
                                          result(cases, 2, Outcome::crashed, "divide error"), flaky})
                               .back();
  for (const char *line : {"\n  not ok 1 a [cpus=1] # TIMEOUT Hung: soft lockup\n",
                           "\n  not ok 2 a [cpus=2] # ERROR Errored: the channel broke\n",
                           "\n  not ok 3 a [cpus=3] # Crashed: divide error\n", "\n  #   attempt 1: Hung: stuck\n",
                           "\n  ok 4 a [cpus=4] # flaky: passed only at attempt 2\n",
                           "\n# a works: pass:1 fail:3 skip:0 total:4\nnot ok 1 a works\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\nis not in\n" << text;
  }
}

TEST(Ktap, NotesAreDiagnosticsOfACaseThatPassed) {
  const Cases cases = {support::make_case("a", 1)};
  outcome::CaseFinished noted = result(cases, 0, Outcome::passed);
  noted.verdict.notes = {"slow: loading a took 12.0 s"};
  const std::string text = growth(cases, {kStarted, noted}).back();
  EXPECT_NE(text.find("\n  # note: slow: loading a took 12.0 s\n  ok 1 a [cpus=1]\n"), std::string::npos) << text;
}

TEST(Ktap, LinesComeAsSoonAsThoseBeforeThemAreKnown) {
  const Cases cases = {support::make_case("a", 1), support::make_case("a", 2), support::make_case("b", 1)};
  const auto texts = growth(cases, {kStarted, result(cases, 2, Outcome::passed), result(cases, 0, Outcome::passed),
                                    result(cases, 1, Outcome::passed)});
  EXPECT_EQ(texts[0], texts[1]) << "b was first, and waits for a";
  EXPECT_EQ(texts[2].substr(texts[1].size()), "  KTAP version 1\n  # Subtest: a works\n  1..2\n  ok 1 a [cpus=1]\n");
  EXPECT_EQ(texts[3].substr(texts[2].size()),
            "  ok 2 a [cpus=2]\n# a works: pass:2 fail:0 skip:0 total:2\nok 1 a works\n"
            "  KTAP version 1\n  # Subtest: b works\n  1..1\n  ok 1 b [cpus=1]\n"
            "# b works: pass:1 fail:0 skip:0 total:1\nok 2 b works\n");
}

TEST(Ktap, RepeatsAreTestsOfTheirOwn) {
  const Cases cases = {support::make_case("a", 1)};
  outcome::CaseFinished second = support::finished(cases[0], Outcome::passed);
  second.number = 1;
  second.repeat = 2;
  const std::string text = growth(cases, {kStarted, support::finished(cases[0], Outcome::passed), second}, 2).back();
  EXPECT_NE(text.find("  1..2\n  ok 1 a [cpus=1] run 1\n  ok 2 a [cpus=1] run 2\n"), std::string::npos) << text;
}

TEST(Ktap, CasesOfOnePlanStandTogetherHoweverTheyWereGiven) {
  const Cases cases = {support::make_case("a", 1), support::make_case("b", 1), support::make_case("a", 2)};
  const std::string text = growth(cases, {kStarted, result(cases, 0, Outcome::passed),
                                          result(cases, 1, Outcome::passed), result(cases, 2, Outcome::passed)})
                               .back();
  EXPECT_NE(text.find("  1..2\n  ok 1 a [cpus=1]\n  ok 2 a [cpus=2]\n"), std::string::npos) << text;
  EXPECT_NE(text.find("ok 2 b works\n"), std::string::npos) << text;
}

TEST(Ktap, WhatDidNotRunIsSkippedAndAfterAnInterruptAnError) {
  const Cases cases = {support::make_case("a", 1), support::make_case("a", 2)};
  const auto end = [&](bool interrupted) {
    return growth(cases, {kStarted, result(cases, 0, Outcome::passed), support::run_finished({1}, 1, interrupted)})
        .back();
  };
  EXPECT_NE(end(false).find("  ok 2 a [cpus=2] # SKIP did not run\n"), std::string::npos) << end(false);
  EXPECT_NE(end(false).find("\nok 1 a works\n"), std::string::npos) << end(false);
  EXPECT_NE(end(true).find("  not ok 2 a [cpus=2] # ERROR the run was interrupted before it\n"), std::string::npos)
      << end(true);
  EXPECT_NE(end(true).find("\nnot ok 1 a works\n"), std::string::npos) << end(true);
}

TEST(Ktap, WhatAGuestSaysIsNoResultAndEndsNothing) {
  const std::string text = growth(support::every_case(), support::every_kind()).back();
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::string begin = line.substr(std::min(line.find_first_not_of(' '), line.size()));
    const bool known = begin.rfind("ok ", 0) == 0 || begin.rfind("not ok ", 0) == 0 || begin.rfind("#", 0) == 0 ||
                       begin == "KTAP version 1" || begin.rfind("1..", 0) == 0;
    EXPECT_TRUE(known) << line;
    if (begin.rfind("#", 0) == 0) continue;
    // There is only one "#" that a reader could take for the beginning of a directive.
    const std::size_t first = line.find(" #");
    if (first != std::string::npos) {
      EXPECT_EQ(line.find(" #", first + 1), std::string::npos) << line;
    }
  }
  for (const char *end : {"VFS:", "reboot: System", "partitions:"}) {
    EXPECT_EQ(text.find(end), std::string::npos) << end;
  }
  EXPECT_NE(text.find("reboot\\x3a System halted"), std::string::npos);
}

TEST(Ktap, AFullDiskIsAnError) {
  const Cases cases = {support::make_case("a", 1)};
  try {
    make_ktap("/dev/full", cases)->on(kStarted);
    FAIL() << "no error";
  } catch (const base::Error &error) {
    EXPECT_STREQ(error.what(), "cannot write '/dev/full': No space left on device");
  }
}

}  // namespace
}  // namespace kmodtest::report
