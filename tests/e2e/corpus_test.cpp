// SPDX-License-Identifier: GPL-2.0-or-later
// The corpus: the modules of modules/faulty, each broken in one way, and the plans of testplans/faulty, each of which
// expects precisely the effect of that fault. And those of modules/racy, whose bugs show under some schedules only.
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kFewestFaults = 25;
constexpr std::size_t kFewestRaces = 16;

std::vector<fs::path> corpus() {
  return plans_in("testplans/faulty");
}

/// Expects that a case of the corpus ended as its plan expects, or that this kernel cannot show the fault.
void expect_right(const nlohmann::json &finished) {
  const std::string outcome = finished.at("outcome");
  if (outcome == "skipped") {
    const std::string reason = finished.at("skip_reason");
    EXPECT_TRUE(reason.starts_with("needs ")) << finished.at("id") << ": " << reason;
    return;
  }
  EXPECT_EQ(outcome, "passed") << finished.dump(1);
  EXPECT_TRUE(finished.at("as_expected").is_string()) << finished.at("id") << " expects nothing";
}

TEST(Corpus, EveryFaultyModuleHasAPlan) {
  std::set<std::string> planned;
  for (const auto &plan : corpus()) {
    std::istringstream lines(read_file(plan));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("module: ")) planned.insert(line.substr(8));
    }
  }
  std::set<std::string> modules;
  for (const auto &entry : fs::directory_iterator(source_folder() / "modules/faulty")) {
    if (entry.is_directory()) modules.insert(entry.path().filename());
  }
  EXPECT_EQ(planned, modules);
  EXPECT_GE(modules.size(), kFewestFaults);
}

TEST(Corpus, TheTableOfVerdictsHasEveryPlan) {
  const std::string table = read_file(source_folder() / "docs/verdicts.md");
  for (const auto &plan : corpus()) {
    EXPECT_NE(table.find("| `" + plan.stem().string() + "` |"), std::string::npos)
        << plan.filename() << " is not in docs/verdicts.md: make verdicts";
  }
}

/// Returns the plan's line about its guest; empty if it has none, or one with options under which no module loads.
std::string guest_line(const fs::path &plan) {
  std::istringstream lines(read_file(plan));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("guest: ") && line.find("append") == std::string::npos) return line + "\n";
  }
  return "";
}

// One worker, and a guest of the same kind, so that each healthy case uses the guest of the fault before it.
TEST(Corpus, EveryFaultHasItsVerdictAndAHealthyCaseIsTheSameAfterIt) {
  std::map<std::string, std::vector<fs::path>> plans;  // by their guests: a worker keeps one guest
  for (const auto &plan : corpus()) plans[guest_line(plan)].push_back(plan);
  const ScratchFolder scratch;
  const fs::path events = scratch.path() / "events.jsonl";
  std::vector<std::string> arguments = {"run",    "-j",   "1",         "--as-given",
                                        "--json", events, "--modules", source_folder() / "modules"};
  std::vector<std::pair<fs::path, fs::path>> pairs;  // a fault, and the healthy plan after it
  for (const auto &[guest, faults] : plans) {
    const fs::path healthy = scratch.write(
        "healthy-" + std::to_string(pairs.size()) + ".yaml",
        "module: ex7_1\n" + guest + "steps: [load, dmesg: \"I'm a thread!\", unload, dmesg: Exiting...]\n");
    for (const auto &fault : faults) pairs.emplace_back(fault, healthy);
  }
  for (const auto &[fault, healthy] : pairs) arguments.insert(arguments.end(), {fault, healthy});
  Tool tool(arguments);
  const Ended ended = tool.wait(390s);
  EXPECT_TRUE(tool.guests_gone(2000ms));
  SCOPED_TRACE(ended.out + ended.err);
  EXPECT_EQ(ended.exit_code, 0);

  const auto finished = finished_cases(events);
  ASSERT_EQ(finished.size(), 2 * pairs.size());
  std::map<fs::path, std::set<nlohmann::json>> digests;
  std::size_t shown = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto &[fault, healthy] = pairs[i];
    const auto &broken = finished[2 * i], &after = finished[2 * i + 1];
    EXPECT_EQ(broken.at("file"), fault.string());
    expect_right(broken);
    if (broken.at("outcome") == "passed") ++shown;
    ASSERT_EQ(after.at("file"), healthy.string());
    EXPECT_EQ(after.at("outcome"), "passed") << "after " << broken.at("id") << ": " << after.dump(1);
    digests[healthy].insert(after.at("digest"));
  }
  EXPECT_GE(shown, kFewestFaults);
  for (const auto &[healthy, different] : digests) {
    EXPECT_EQ(different.size(), 1u) << "a guest was not as pristine as the others (" << healthy << ")";
  }
}

// Modules that look suspicious but are right.
TEST(Corpus, NoHealthyModuleIsAccused) {
  const ScratchFolder scratch;
  const fs::path events = scratch.path() / "events.jsonl";
  std::vector<std::string> arguments = {
      "run", "-j", "2", "--cpus", "1,2", "--json", events, "--modules", source_folder() / "modules/healthy"};
  const auto plans = plans_in("testplans/healthy");
  arguments.insert(arguments.end(), plans.begin(), plans.end());
  Tool tool(arguments);
  const Ended ended = tool.wait(390s);
  SCOPED_TRACE(ended.out + ended.err);
  EXPECT_EQ(ended.exit_code, 0);
  for (const auto &finished : finished_cases(events)) EXPECT_EQ(finished.at("outcome"), "passed") << finished.dump(1);
}

TEST(Corpus, EveryRacyModuleHasAPlanForItselfAndOneForItsRepair) {
  std::set<std::string> planned;
  for (const auto &plan : plans_in("testplans/racy")) planned.insert(plan.stem());
  std::set<std::string> wanted;
  for (const auto &entry : fs::directory_iterator(source_folder() / "modules/racy")) {
    const std::string name = entry.path().filename();
    wanted.insert({name, name + "_repaired"});
  }
  EXPECT_EQ(planned, wanted);
  EXPECT_GE(wanted.size(), 2 * kFewestRaces);
}

// A race shows under some schedules only: a plain run passes, as that of the repaired module does. What needs a kernel
// of its own is left out, since it would be fetched and booted for that alone.
TEST(Corpus, APlainRunShowsNoRace) {
  const ScratchFolder scratch;
  const fs::path events = scratch.path() / "events.jsonl";
  std::vector<std::string> arguments = {"run", "-j", "2", "--cpus", "1,2", "--json", events};
  for (const auto &plan : plans_in("testplans/racy")) {
    if (read_file(plan).find("\nkernel: ") == std::string::npos) arguments.push_back(plan);
  }
  Tool tool(arguments);
  const Ended ended = tool.wait(390s);
  SCOPED_TRACE(ended.out + ended.err);
  EXPECT_EQ(ended.exit_code, 0);
  const auto finished = finished_cases(events);
  EXPECT_GE(finished.size(), 4 * kFewestRaces);
  for (const auto &one : finished) EXPECT_EQ(one.at("outcome"), "passed") << one.dump(1);
}

}  // namespace
}  // namespace kmodtest::e2e
