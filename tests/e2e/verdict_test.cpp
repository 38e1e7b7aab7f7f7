// SPDX-License-Identifier: GPL-2.0-or-later
// Every plan of tests/e2e/faulty/plans names in its first lines the verdict that has to come out.
#include <algorithm>
#include <cctype>
#include <gtest/gtest.h>
#include <sstream>

#include <nlohmann/json.hpp>

#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

std::vector<fs::path> faulty_plans() {
  std::vector<fs::path> plans;
  for (const auto &entry : fs::directory_iterator(faulty_folder() / "plans")) {
    if (entry.path().extension() == ".yaml") plans.push_back(entry.path());
  }
  std::sort(plans.begin(), plans.end());
  return plans;
}

/// The word after "# KEY:" in a plan, or nothing.
std::string header(const std::string &plan, const std::string &key) {
  std::istringstream lines(plan);
  std::string line;
  while (std::getline(lines, line) && line.starts_with("#")) {
    const std::string start = "# " + key + ":";
    if (!line.starts_with(start)) continue;
    std::string value = line.substr(start.size());
    value.erase(0, value.find_first_not_of(' '));
    return value;
  }
  return "";
}

class FaultyModule : public ::testing::TestWithParam<fs::path> {};

TEST_P(FaultyModule, GetsTheVerdictThatItsPlanNames) {
  const std::string plan = read_file(GetParam());
  const std::string verdict = header(plan, "verdict");
  ASSERT_NE(verdict, "") << GetParam() << " names no verdict";
  const ScratchFolder scratch;
  const fs::path json = scratch.path() / "events.jsonl";
  // Some are about modules of the corpus.
  Tool tool({"run", GetParam(), "--modules", source_folder() / "modules/faulty", "--json", json});
  const Ended ended = tool.wait();
  EXPECT_TRUE(tool.guests_gone(std::chrono::milliseconds(2000)));
  SCOPED_TRACE(ended.out + ended.err);

  std::size_t finished = 0;
  for (const auto &event : finished_cases(json)) {
    ++finished;
    EXPECT_EQ(event.at("outcome"), verdict);
  }
  EXPECT_GE(finished, 1u);
  const bool unjudged = verdict == "errored";
  const bool fine = verdict == "passed" || verdict == "skipped";
  EXPECT_EQ(ended.exit_code, fine ? 0 : unjudged ? 3 : 1);
  const std::string says = header(plan, "says");
  if (!says.empty()) {
    EXPECT_NE(ended.out.find(says), std::string::npos) << "no word of: " << says;
  }
}

INSTANTIATE_TEST_SUITE_P(E2e, FaultyModule, ::testing::ValuesIn(faulty_plans()), [](const auto &plan) {
  std::string name = plan.param.stem();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
});

}  // namespace
}  // namespace kmodtest::e2e
