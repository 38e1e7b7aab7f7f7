// SPDX-License-Identifier: GPL-2.0-or-later
// Uses of kmodtest beyond the plans of the repository.
#include <gtest/gtest.h>
#include <set>
#include <sstream>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

std::vector<nlohmann::json> events(const fs::path &file) {
  std::vector<nlohmann::json> all;
  std::istringstream lines(read_file(file));
  std::string line;
  while (std::getline(lines, line)) all.push_back(nlohmann::json::parse(line));
  return all;
}

TEST(Use, AModuleFolderNeedsNoPlan) {
  const Ended ended = kmodtest({"run", source_folder() / "modules/ex7_1", "--cpus", "4"});
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("ex7_1 [cpus=4]"), std::string::npos) << ended.out;
}

TEST(Use, WhatIsLeftNamesTheCallThatTheModuleLacks) {
  const ScratchFolder scratch;
  const fs::path plan = scratch.write("plan.yaml", "module: keeps_io_ports\nsteps: [load, unload]\n");
  const Ended ended = kmodtest({"run", plan, "--modules", source_folder() / "modules/faulty"});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("release_region() is missing: the module calls request_region()"), std::string::npos)
      << ended.out;
}

TEST(Use, AnOrdinaryUserNeedsNoRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can run as another user; the whole suite runs unprivileged here";
  constexpr uid_t kNobody = 65534;
  // The user has a cache of their own, made from the contents of the machine's cache.
  const ScratchFolder home;
  const ScratchFolder work;
  fs::copy(source_folder() / "modules/ex7_4", work.path() / "ex7_4", fs::copy_options::recursive);
  fs::copy(plan_of("ex7_4"), work.path() / "ex7_4.yaml");
  for (const auto &folder : {home.path(), work.path()}) {
    ASSERT_EQ(::chown(folder.c_str(), kNobody, kNobody), 0);
    fs::permissions(folder, fs::perms::owner_all | fs::perms::others_read | fs::perms::others_exec |
                                fs::perms::group_exec | fs::perms::group_read);
  }
  Tool tool({"run", work.path() / "ex7_4.yaml", "--cpus", "2"},
            {{"HOME", home.path()}, {"KMODTEST_CACHE", home.path() / "cache"}}, kNobody);
  const Ended ended = tool.wait(std::chrono::seconds(300));
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("passed"), std::string::npos) << ended.out;
}

TEST(Use, PackagesOfTheDistributionAreInTheGuest) {
  const Ended ended = kmodtest({"run", source_folder() / "examples/device_mapper.yaml"});
  for (const char *reason : {"K0310", "K0406", "K0409"})
    if ((ended.out + ended.err).find(reason) != std::string::npos)
      GTEST_SKIP() << "apt cannot download here: " << ended.out << ended.err;
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("passed"), std::string::npos) << ended.out;
}

TEST(Use, TheSerialChannelServesWhereVirtioDoesNot) {
  const ScratchFolder scratch;
  fs::copy(source_folder() / "modules/ex7_1", scratch.path() / "ex7_1", fs::copy_options::recursive);
  const auto plan = scratch.write("serial.yaml",
                                  "module: ex7_1\nguest: {cpus: 2, channel: serial}\nsteps:\n  - load\n"
                                  "  - dmesg: {in_order: [\"I'm a module!\", Thread created]}\n  - unload\n"
                                  "  - dmesg: Exiting...\n");
  const Ended ended = kmodtest({"run", plan});
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
}

TEST(Use, ReportsAndArtifactsAgreeWithTheConsole) {
  const ScratchFolder scratch;
  const fs::path junit = scratch.path() / "junit.xml", json = scratch.path() / "events.jsonl",
                 out = scratch.path() / "out";
  const Ended ended =
      kmodtest({"run", plan_of("ex7_1"), "--cpus", "1,2", "--junit", junit, "--json", json, "--out", out});
  ASSERT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  const std::string xml = read_file(junit);
  std::size_t cases = 0;
  for (const auto &event : events(json)) {
    if (event.value("event", "") != "CaseFinished") continue;
    ++cases;
    EXPECT_EQ(event.at("outcome"), "passed");
    EXPECT_NE(xml.find("name=\"" + event.at("id").get<std::string>() + "\""), std::string::npos) << xml;
    const fs::path folder = event.at("artifacts").get<std::string>();
    for (const char *file : {"plan.yaml", "domain.xml", "console.log", "kmsg.log", "verdict.txt"}) {
      EXPECT_TRUE(fs::exists(folder / file)) << folder / file;
    }
    EXPECT_NE(read_file(folder / "kmsg.log").find("I'm a thread!"), std::string::npos);
  }
  EXPECT_EQ(cases, 2u);
}

TEST(Use, ShardsRunEveryCaseOnceAndRepeatsAreCounted) {
  const ScratchFolder scratch;
  std::multiset<std::string> runs;
  for (const std::string shard : {"1/2", "2/2"}) {
    const fs::path json = scratch.path() / "events.jsonl";
    const Ended ended = kmodtest({"run", plan_of("ex7_1"), "--cpus", "1,2", "--shard", shard, "--repeat", "2",
                                  "--shuffle", "7", "--ordered", "--timings", "--json", json});
    ASSERT_EQ(ended.exit_code, 0) << ended.out << ended.err;
    EXPECT_NE(ended.out.find("note shard " + shard + " has 1 of the 2 selected cases"), std::string::npos) << ended.out;
    EXPECT_NE(ended.out.find("2 of 2 passed: ex7_1 [cpus="), std::string::npos) << ended.out;
    EXPECT_NE(ended.out.find("(--shuffle 7)\n\n  wall time by phase"), std::string::npos) << ended.out;
    const auto first = ended.out.find("] ex7_1 [cpus=");
    EXPECT_LT(first, ended.out.find("] #2\n")) << ended.out;
    for (const auto &event : events(json)) {
      if (event.value("event", "") != "CaseFinished") continue;
      runs.insert(event.at("id").get<std::string>() + " #" + std::to_string(event.at("repeat").get<int>()));
    }
  }
  EXPECT_EQ(runs, (std::multiset<std::string>{"ex7_1 [cpus=1] #1", "ex7_1 [cpus=1] #2", "ex7_1 [cpus=2] #1",
                                              "ex7_1 [cpus=2] #2"}));
}

TEST(Use, CommandsWithoutAGuestWork) {
  const Ended list = kmodtest({"list", plan_of("ex7_4"), "--cpus", "1,2"});
  EXPECT_EQ(list.exit_code, 0);
  EXPECT_NE(list.out.find("ex7_4 [cpus=2"), std::string::npos) << list.out;
  EXPECT_EQ(kmodtest({"lint", source_folder() / "testplans"}).exit_code, 0);
  const Ended kernels = kmodtest({"kernels", "list"});
  EXPECT_EQ(kernels.exit_code, 0);
  EXPECT_NE(kernels.out.find("debian-6.1-cloud"), std::string::npos);
  const Ended schema = kmodtest({"schema"});
  EXPECT_EQ(nlohmann::json::parse(schema.out).at("$schema"), "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(kmodtest({}).exit_code, 2);
  EXPECT_EQ(kmodtest({"--help"}).exit_code, 0);
  EXPECT_EQ(kmodtest({"run", "--no-such-option"}).exit_code, 2);
}

}  // namespace
}  // namespace kmodtest::e2e
