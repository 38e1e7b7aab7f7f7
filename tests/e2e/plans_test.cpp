// SPDX-License-Identifier: GPL-2.0-or-later
// The plans of testplans/ pass. They run together; each is a test of its own.
#include <gtest/gtest.h>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

using namespace std::chrono_literals;

/// Returns whether a plan sets its own CPUs, because it is about topologies.
bool has_its_own_cpus(const fs::path &plan) {
  return plan.stem().string().find("topologies") != std::string::npos;
}

/// The finished cases of all plans by the file of the plan, on 1, 2 and 4 CPUs.
struct PlansRun {
  std::map<std::string, std::vector<nlohmann::json>> finished;
  std::map<std::string, Ended> ended;
  std::string junit;
};

void run_into(PlansRun &run, const std::vector<std::string> &plans, const std::vector<std::string> &options) {
  const ScratchFolder scratch;
  std::vector<std::string> arguments = {"run", "-j", "2", "--json", scratch / "events", "--junit", scratch / "junit"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.insert(arguments.end(), plans.begin(), plans.end());
  Tool tool(arguments);
  const Ended ended = tool.wait(280s);
  for (const auto &plan : plans) run.ended[plan] = ended;
  for (const auto &finished : finished_cases(scratch / "events")) run.finished[finished.at("file")].push_back(finished);
  run.junit += read_file(scratch / "junit");
}

const PlansRun &the_run() {
  static const PlansRun run = [] {
    PlansRun made;
    std::vector<std::string> usual, special;
    for (const auto &plan : plans_in("testplans")) (has_its_own_cpus(plan) ? special : usual).push_back(plan);
    run_into(made, usual, {"--cpus", "1,2,4"});
    run_into(made, special, {});
    return made;
  }();
  return run;
}

class Plan : public ::testing::TestWithParam<fs::path> {};

TEST_P(Plan, PassesOnOneTwoAndFourCpus) {
  const PlansRun &run = the_run();
  const Ended &ended = run.ended.at(GetParam());
  const auto finished = run.finished.find(GetParam());
  ASSERT_NE(finished, run.finished.end()) << ended.out << ended.err;
  std::set<std::string> cpus;
  for (const auto &one : finished->second) {
    // A plan that switches a CPU off does not fit one CPU, and is skipped there.
    const bool on_one_cpu = one.at("point").contains("cpus") && one.at("point").at("cpus") == "1";
    const std::string reason = one.value("skip_reason", "");
    if (on_one_cpu && reason.starts_with("the plan does not fit 1 CPU: ")) {
      EXPECT_EQ(one.at("outcome"), "skipped") << one.dump(1);
    } else {
      EXPECT_EQ(one.at("outcome"), "passed") << one.dump(1);
    }
    EXPECT_NE(run.junit.find("name=\"" + one.at("id").get<std::string>() + "\""), std::string::npos) << one.at("id");
    if (one.at("point").contains("cpus")) cpus.insert(one.at("point").at("cpus").get<std::string>());
  }
  if (!has_its_own_cpus(GetParam())) {
    EXPECT_EQ(cpus, (std::set<std::string>{"1", "2", "4"}));
  }
}

TEST_P(Plan, LeavesTheExitStatusZero) {
  const Ended &ended = the_run().ended.at(GetParam());
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
}

INSTANTIATE_TEST_SUITE_P(E2e, Plan, ::testing::ValuesIn(plans_in("testplans")), name_of_plan);

TEST(ThePlanOfEx7_4, PassesOnEightCpus) {
  const Ended ended = kmodtest({"run", plan_of("ex7_4"), "--cpus", "8", "-j", "1"});
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
}

}  // namespace
}  // namespace kmodtest::e2e
