// SPDX-License-Identifier: GPL-2.0-or-later
// The first lines of every plan in tests/e2e/plans name the expected verdict, and words that must be printed about it.
// The plans run together; each is a test of its own.
#include <gtest/gtest.h>
#include <map>
#include <sstream>

#include <nlohmann/json.hpp>

#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

using namespace std::chrono_literals;

/// Returns the words after each "# KEY:" in a plan.
std::vector<std::string> header(const fs::path &plan, const std::string &key) {
  std::vector<std::string> found;
  std::istringstream lines(read_file(plan));
  const std::string start = "# " + key + ":";
  for (std::string line; std::getline(lines, line) && line.starts_with("#");) {
    if (!line.starts_with(start)) continue;
    const std::size_t words = line.find_first_not_of(' ', start.size());
    found.push_back(words == std::string::npos ? "" : line.substr(words));
  }
  return found;
}

bool is_fine(const fs::path &plan) {
  const auto verdict = header(plan, "verdict");
  return verdict == std::vector<std::string>{"passed"} || verdict == std::vector<std::string>{"skipped"};
}

/// Returns the output about a case: its line, and the block of a failure, up to the next line that is not indented.
std::string about(const std::string &id, const std::string &out) {
  std::string found;
  bool in_block = false;
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) {
    const bool heads_a_block = !line.empty() && line[0] != ' ';
    if (heads_a_block) in_block = line.find(" " + id + ": ") != std::string::npos;
    if (in_block || line.find("] " + id) != std::string::npos) found += line + "\n";
  }
  return found;
}

/// One run of several plans.
struct VerdictsRun {
  Ended ended;
  bool guests_are_gone = false;
  std::map<std::string, std::vector<nlohmann::json>> finished;  ///< by the file of the plan
};

VerdictsRun run_of(const std::vector<fs::path> &plans) {
  const ScratchFolder scratch;
  const fs::path events = scratch / "events.jsonl";
  std::vector<std::string> arguments = {"run", "-j", "2", "--modules", faulty_modules(), "--json", events};
  arguments.insert(arguments.end(), plans.begin(), plans.end());
  Tool tool(arguments);
  VerdictsRun run;
  run.ended = tool.wait(280s);
  run.guests_are_gone = tool.guests_gone(2000ms);
  for (const auto &finished : finished_cases(events)) run.finished[finished.at("file")].push_back(finished);
  return run;
}

/// Runs all plans with a good ending in one run, all others in another, since the exit status distinguishes them.
const VerdictsRun &run_with(const fs::path &plan) {
  static std::map<bool, VerdictsRun> runs;
  const bool fine = is_fine(plan);
  if (const auto done = runs.find(fine); done != runs.end()) return done->second;
  std::vector<fs::path> plans;
  for (const auto &other : plans_in("tests/e2e/plans")) {
    if (is_fine(other) == fine) plans.push_back(other);
  }
  return runs.emplace(fine, run_of(plans)).first->second;
}

class FaultyModule : public ::testing::TestWithParam<fs::path> {};

TEST_P(FaultyModule, GetsTheVerdictThatItsPlanNames) {
  const auto verdict = header(GetParam(), "verdict");
  ASSERT_EQ(verdict.size(), 1u) << GetParam() << " has to name one verdict";
  const VerdictsRun &run = run_with(GetParam());
  const auto finished = run.finished.find(GetParam());
  ASSERT_NE(finished, run.finished.end()) << run.ended.out << run.ended.err;
  std::string printed;
  for (const auto &one : finished->second) {
    EXPECT_EQ(one.at("outcome"), verdict[0]);
    printed += about(one.at("id"), run.ended.out);
  }
  for (const auto &words : header(GetParam(), "says")) {
    EXPECT_NE(printed.find(words), std::string::npos) << "nothing about: " << words;
  }
  if (HasFailure()) ADD_FAILURE() << printed;
}

TEST_P(FaultyModule, LeavesAnExitStatusAndNoGuest) {
  const VerdictsRun &run = run_with(GetParam());
  EXPECT_EQ(run.ended.exit_code, is_fine(GetParam()) ? 0 : 1) << run.ended.out << run.ended.err;
  EXPECT_TRUE(run.guests_are_gone);
}

INSTANTIATE_TEST_SUITE_P(E2e, FaultyModule, ::testing::ValuesIn(plans_in("tests/e2e/plans")), name_of_plan);

}  // namespace
}  // namespace kmodtest::e2e
