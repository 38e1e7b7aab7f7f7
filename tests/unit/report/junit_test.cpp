// SPDX-License-Identifier: GPL-2.0-or-later
#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>
#include <regex>
#include <sys/resource.h>

#include "base/error.hpp"
#include "judge/observations.hpp"
#include "support/sample_case.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::report {
namespace {

using judge::Outcome;

/// Replaces everything that differs between machines and between days.
std::string without_time_and_host(std::string text) {
  text = std::regex_replace(text, std::regex(R"(timestamp="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")"), R"(timestamp="T")");
  return std::regex_replace(text, std::regex(R"x(hostname="[^"]+")x"), R"(hostname="H")");
}

/// Returns xmllint's complaints about the file; empty if it is valid.
std::string complaints(const std::filesystem::path &file) {
  const std::string said = file.string() + ".xmllint";
  const std::string command =
      "xmllint --noout --schema '" KMODTEST_TEST_DATA "/junit/junit.xsd' '" + file.string() + "' 2> '" + said + "'";
  const int status = std::system(command.c_str());
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127) return "xmllint is not installed (package libxml2-utils)";
  return status == 0 ? "" : support::read_file(said);
}

void run(const std::filesystem::path &file, const std::vector<outcome::Event> &events) {
  const std::unique_ptr<outcome::Listener> junit = make_junit(file);
  for (const outcome::Event &event : events) junit->on(event);
}

TEST(Junit, HoldsEveryOutcome) {
  const support::ScratchFolder folder;
  const auto file = folder / "junit.xml";
  outcome::CaseFinished failed =
      support::finished(support::make_case("ex7_2", 2), Outcome::failed, "a < b & \"c\" \x01");
  failed.seen = support::seen({support::line(1500, "bell \a, stray \xff, nul \x1b[0m")});
  run(file, {outcome::RunStarted{4, 1, "QEMU 10.0.2 (TCG)"},
             support::finished(support::make_case("ex7_1", 1), Outcome::passed), failed,
             support::finished(support::make_case("ex7_2", 4), Outcome::errored, "the channel broke"),
             support::finished(support::make_case("ex7_2", 8), Outcome::skipped, "too slow here"),
             support::run_finished({1, 1, 0, 0, 0, 1, 1})});
  EXPECT_EQ(complaints(file), "");
  EXPECT_EQ(without_time_and_host(support::read_file(file)), R"XML(<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="kmodtest" tests="4" failures="1" errors="1" time="41.200">
  <testsuite name="ex7_1 works" package="ex7_1" id="0" tests="1" failures="0" errors="0" skipped="0" time="1.250" timestamp="T" hostname="H">
    <properties>
      <property name="kernel" value="6.1.0-49-cloud-amd64" />
      <property name="cpus" value="1" />
      <property name="memory_mib" value="256" />
      <property name="hypervisor" value="QEMU 10.0.2 (TCG)" />
    </properties>
    <testcase name="ex7_1 [cpus=1]" classname="ex7_1 works" time="1.250" />
    <system-out />
    <system-err />
  </testsuite>
  <testsuite name="ex7_2 works" package="ex7_2" id="1" tests="3" failures="1" errors="1" skipped="1" time="3.750" timestamp="T" hostname="H">
    <properties>
      <property name="kernel" value="6.1.0-49-cloud-amd64" />
      <property name="cpus" value="2, 4, 8" />
      <property name="memory_mib" value="256" />
      <property name="hypervisor" value="QEMU 10.0.2 (TCG)" />
    </properties>
    <testcase name="ex7_2 [cpus=2]" classname="ex7_2 works" time="1.250">
      <failure type="Failed" message="a &lt; b &amp; &quot;c&quot; �">Failed ex7_2 [cpus=2]: a &lt; b &amp; "c" \x01
  log of this case:
    [    1.500000] bell \x07, stray \xff, nul \x1b[0m
     again: kmodtest run testplans/ex7_2.yaml --case "ex7_2 [cpus=2]"
     enter: kmodtest shell testplans/ex7_2.yaml --case "ex7_2 [cpus=2]"
</failure>
      <system-out>[    1.500000] bell \x07, stray \xff, nul \x1b[0m
</system-out>
    </testcase>
    <testcase name="ex7_2 [cpus=4]" classname="ex7_2 works" time="1.250">
      <error type="Errored" message="the channel broke">Errored ex7_2 [cpus=4]: the channel broke
     again: kmodtest run testplans/ex7_2.yaml --case "ex7_2 [cpus=4]"
     enter: kmodtest shell testplans/ex7_2.yaml --case "ex7_2 [cpus=4]"
</error>
    </testcase>
    <testcase name="ex7_2 [cpus=8]" classname="ex7_2 works" time="1.250">
      <skipped message="too slow here" />
    </testcase>
    <system-out />
    <system-err />
  </testsuite>
</testsuites>
)XML");
}

TEST(Junit, TypesOfFailuresAreTheOutcomes) {
  const support::ScratchFolder folder;
  const auto file = folder / "junit.xml";
  const auto test_case = support::make_case("ex7_1", 1);
  run(file, {support::finished(test_case, Outcome::failed, "a"), support::finished(test_case, Outcome::crashed, "b"),
             support::finished(test_case, Outcome::hung, "c"), support::finished(test_case, Outcome::leaked, "d"),
             support::run_finished({0, 1, 1, 1, 1})});
  EXPECT_EQ(complaints(file), "");
  const std::string text = support::read_file(file);
  for (const char *start : {R"(<failure type="Failed" message="a">)", R"(<failure type="Crashed" message="b">)",
                            R"(<failure type="Hung" message="c">)", R"(<failure type="Leaked" message="d">)"}) {
    EXPECT_NE(text.find(start), std::string::npos) << start << "\nis not in\n" << text;
  }
}

TEST(Junit, AttemptsAreToldAsSurefireTellsThem) {
  const support::ScratchFolder folder;
  const auto file = folder / "junit.xml";
  const std::vector<outcome::CaseFinished> flaky = support::flaky();
  const std::vector<outcome::CaseFinished> hung = support::never_passed();
  run(file, {outcome::CaseRetried{flaky[0], 2}, flaky[1], outcome::CaseRetried{hung[0], 2}, hung[1],
             support::run_finished({0, 0, 0, 1})});
  EXPECT_EQ(complaints(file), "");
  const std::string text = support::read_file(file);
  for (const char *part : {R"(<testsuite name="ex7_1 works" package="ex7_1" id="0" tests="1" failures="0" errors="0")",
                           R"(      <property name="flaky" value="1" />
)",
                           R"(    <testcase name="ex7_1 [cpus=2]" classname="ex7_1 works" time="1.250">
      <flakyFailure type="Hung" message="soft lockup">
        <stackTrace>Hung ex7_1 [cpus=2]: soft lockup
  log of this case:
    [    5.140000] Thread started
     again: kmodtest run testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"
     enter: kmodtest shell testplans/ex7_1.yaml --case "ex7_1 [cpus=2]"
</stackTrace>
        <system-out>[    5.140000] Thread started
</system-out>
      </flakyFailure>
    </testcase>
)",
                           R"(    <testcase name="ex7_2 [cpus=4]" classname="ex7_2 works" time="1.250">
      <failure type="Hung" message="stuck">Hung ex7_2 [cpus=4]: stuck
  attempt 1: Errored: the channel broke
     again: kmodtest run testplans/ex7_2.yaml --case "ex7_2 [cpus=4]"
     enter: kmodtest shell testplans/ex7_2.yaml --case "ex7_2 [cpus=4]"
</failure>
      <rerunError type="Errored" message="the channel broke">
        <stackTrace>Errored ex7_2 [cpus=4]: the channel broke
     again: kmodtest run testplans/ex7_2.yaml --case "ex7_2 [cpus=4]"
     enter: kmodtest shell testplans/ex7_2.yaml --case "ex7_2 [cpus=4]"
</stackTrace>
      </rerunError>
    </testcase>
)"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
  }
}

TEST(Junit, APassThatWasExpectedToGoWrongSaysWhatCame) {
  const support::ScratchFolder folder;
  const auto file = folder / "junit.xml";
  run(file, {support::passed_as_expected(), support::run_finished({1})});
  EXPECT_EQ(complaints(file), "");
  EXPECT_NE(support::read_file(file).find(R"(    <testcase name="ex7_4 [cpus=2]" classname="ex7_4 works" time="1.250">
      <system-out>as expected: Crashed: divide error in ex_div+0x8 [ex7_4]
</system-out>
    </testcase>
)"),
            std::string::npos)
      << support::read_file(file);
}

TEST(Junit, NotesStandBeforeTheLog) {
  const support::ScratchFolder folder;
  const auto file = folder / "junit.xml";
  run(file, {support::with_note("slow: loading ex7_4 took 12.0 s"), support::run_finished({1})});
  EXPECT_EQ(complaints(file), "");
  EXPECT_NE(support::read_file(file).find("note: slow: loading ex7_4 took 12.0 s\n"), std::string::npos)
      << support::read_file(file);
}

TEST(Junit, CasesStandInTheOrderOfThePlansAndRepeatsHaveNumbers) {
  const support::ScratchFolder folder;
  const auto file = folder / "junit.xml";
  std::vector<outcome::Event> events;
  // The plan with the last name was given first.
  const std::vector<std::shared_ptr<const plan::Case>> cases = {support::make_case("z", 1), support::make_case("a", 1)};
  for (const std::size_t number : {3U, 1U, 2U, 0U}) {
    outcome::CaseFinished finished = support::finished(cases[number / 2], Outcome::passed);
    finished.number = number;
    finished.repeat = static_cast<int>(number % 2) + 1;
    events.emplace_back(finished);
  }
  events.emplace_back(support::run_finished({4}));
  run(file, events);
  EXPECT_EQ(complaints(file), "");
  const std::string text = support::read_file(file);
  std::vector<std::string> names;
  const std::regex name(R"x(<testcase name="([^"]+)")x");
  for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at) names.push_back((*at)[1]);
  EXPECT_EQ(names, (std::vector<std::string>{"z [cpus=1]", "z [cpus=1] #2", "a [cpus=1]", "a [cpus=1] #2"}));
}

TEST(Junit, AnInterruptedRunIsAnError) {
  const support::ScratchFolder folder;
  const auto file = folder / "junit.xml";
  run(file, {support::finished(support::make_case("ex7_1", 1), Outcome::passed), support::run_finished({1}, 29, true)});
  EXPECT_EQ(complaints(file), "");
  EXPECT_NE(support::read_file(file).find(
                R"(<error type="Interrupted" message="the run was interrupted: 29 cases did not run" />)"),
            std::string::npos);
}

TEST(Junit, AMissingFolderIsToldBeforeTheRun) {
  const support::ScratchFolder folder;
  const auto file = folder / "missing/junit.xml";
  try {
    make_junit(file);
    FAIL() << "no error";
  } catch (const base::Error &error) {
    EXPECT_EQ(error.what(), "cannot write '" + file.string() + "': No such file or directory");
    EXPECT_EQ(error.hint(), "make the folder first, or name a file elsewhere");
  }
}

TEST(Junit, OnAFullDiskTheOldReportStays) {
  const support::ScratchFolder folder;
  const auto file = folder / "junit.xml";
  std::ofstream(file) << "old";
  const std::unique_ptr<outcome::Listener> junit = make_junit(file);
  junit->on(support::finished(support::make_case("ex7_1", 1), Outcome::passed));

  // A limit on the size of files makes a write fail half-way, like a full disk.
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{100, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string what;
  std::string hint;
  try {
    junit->on(support::run_finished({1}));
  } catch (const base::Error &error) {
    what = error.what();
    hint = error.hint();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);

  EXPECT_EQ(what, "cannot write '" + file.string() + "': File too large");
  EXPECT_EQ(hint, "free some space there, or name a file elsewhere");
  EXPECT_EQ(support::read_file(file), "old");
  std::size_t files = 0;
  for (const auto &entry : std::filesystem::directory_iterator(folder.path())) files += entry.exists() ? 1U : 0U;
  EXPECT_EQ(files, 1U);
}

}  // namespace
}  // namespace kmodtest::report
