// SPDX-License-Identifier: GPL-2.0-or-later
// What a user sees: on a terminal, as an emulator shows it, and in a file. The expected texts are in
// tests/data/terminal. After an intended change, `make snapshots` writes them again, and `git diff` shows the
// difference.
#include "unit/report/terminal.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "unit/report/scenario.hpp"
#include "unit/report/snapshot.hpp"

namespace kmodtest::report {
namespace {

using judge::Outcome;

constexpr int kRows = 24;

/// Returns the options of a console on this terminal as a run reads them, without what a CI job would change.
ConsoleOptions options_on(const Terminal &terminal, bool colour) {
  unsetenv("COLUMNS");
  setenv("TERM", "xterm-256color", 1);
  ConsoleOptions options = console_options_from_environment(terminal.out());
  EXPECT_TRUE(options.terminal);
  options.color = colour;
  options.slow = outcome::Seconds(30);
  options.hint_at_pause = true;
  options.ci = {};
  return options;
}

/// Returns the screen at every moment that is looked at, and everything that is visible at the end.
std::string watched(int columns, bool colour,
                    const std::function<void(scenario::ScriptedRun &, const scenario::Look &)> &happens,
                    int rows = kRows) {
  Terminal terminal(columns, rows);
  std::string text;
  scenario::ScriptedRun run(options_on(terminal, colour));
  happens(run, [&](const std::string &what) { text += "---- " + what + "\n" + terminal.screen(colour) + "\n"; });
  run.end();
  return text + "---- at the end, with what has left the screen\n" + terminal.everything(colour);
}

/// Returns what goes into a file or a pipe, with readable colours.
std::string piped(ConsoleOptions options) {
  char *data = nullptr;
  std::size_t size = 0;
  options.out = open_memstream(&data, &size);
  options.slow = outcome::Seconds(30);
  {
    scenario::ScriptedRun run(options);
    scenario::every_outcome(run, [](const std::string &) {});
  }
  std::fclose(options.out);
  std::string text;
  for (std::size_t at = 0; at < size; ++at) {
    text += data[at] == '\x1b' ? "<ESC>" : data[at] == '\r' ? "<CR>" : std::string(1, data[at]);
  }
  std::free(data);
  return text;
}

class Widths : public testing::TestWithParam<std::tuple<int, bool>> {
 protected:
  int columns() const { return std::get<0>(GetParam()); }
  bool colour() const { return std::get<1>(GetParam()); }
  std::string file(const std::string &name) const {
    return fmt::format("{}-{}{}.txt", name, columns(), colour() ? "-colour" : "");
  }
};

INSTANTIATE_TEST_SUITE_P(Snapshot, Widths, testing::Combine(testing::Values(60, 80, 120), testing::Bool()));

TEST_P(Widths, OnATerminal) {
  expect_snapshot(file("live"), watched(columns(), colour(), scenario::every_outcome));
}

TEST_P(Widths, InAFile) {
  ConsoleOptions options;
  options.width = columns();
  options.color = colour();
  expect_snapshot(file("piped"), piped(options));
}

TEST_P(Widths, ManyCasesAtOnce) {
  expect_snapshot(file("many"), watched(columns(), colour(), scenario::many_at_once));
}

TEST(Snapshot, ALowTerminalShowsFewerOfTheCasesThatRun) {
  expect_snapshot("many-80x6.txt", watched(80, false, scenario::many_at_once, 6));
}

TEST(Snapshot, ATerminalThatChangesItsSizeIsDrawnAnew) {
  Terminal terminal(120, kRows);
  scenario::ScriptedRun run(options_on(terminal, false));
  std::string text;
  const auto look = [&](const std::string &what) { text += "---- " + what + "\n" + terminal.screen(false) + "\n"; };
  const auto first = support::make_case("a_plan_with_a_name_that_is_rather_long", 1);
  const auto second = support::make_case("ex7_2", 2);
  run.at(0)
      .tell(outcome::RunStarted{3, 2, "QEMU"})
      .tell(outcome::CaseStarted{first})
      .tell(outcome::CaseStarted{second});
  run.tell(outcome::CaseProgress{first, "step 3/7: the log has 'Thread started', 'Thread exiting' within 5 s"});
  look("120 columns");
  terminal.resize(60, kRows);
  look("60 columns, before anything is drawn");
  run.at(1).tell(outcome::Tick{});
  look("60 columns");
  terminal.resize(80, 4);
  run.at(2).tell(outcome::Tick{});
  look("80 columns, 4 rows");
  terminal.resize(100, kRows);
  run.at(3).tell(
      support::finished(second, Outcome::failed, "a reason that is cut where it has to be, and nowhere else"));
  look("100 columns");
  run.tell(support::finished(first, Outcome::passed)).tell(support::run_finished({1, 1}, 1));
  run.end();
  text += "---- at the end, with what has left the screen\n" + terminal.everything(false);
  expect_snapshot("resized.txt", text);
}

TEST(Snapshot, QuietAndVerbose) {
  ConsoleOptions options;
  options.quiet = true;
  expect_snapshot("piped-quiet.txt", piped(options));
  options.quiet = false;
  options.verbose = true;
  expect_snapshot("piped-verbose.txt", piped(options));
}

TEST(Snapshot, JobsOfCi) {
  ConsoleOptions options;
  options.ci.system = CiSystem::github;
  options.ci.token = "0123456789abcdef";
  expect_snapshot("github.txt", piped(options));
  options.verbose = true;
  expect_snapshot("github-verbose.txt", piped(options));
  options.verbose = false;
  options.ci.system = CiSystem::gitlab;
  expect_snapshot("gitlab.txt", piped(options));
}

}  // namespace
}  // namespace kmodtest::report
