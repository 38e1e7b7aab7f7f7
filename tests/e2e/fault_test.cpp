// SPDX-License-Identifier: GPL-2.0-or-later
// A sweep over the calls of a module: which call failed, and what came of it.
#include <gtest/gtest.h>
#include <set>

#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

/// Writes a plan that loads the module error_paths with these values of its parameter.
fs::path plan_of_kinds(const ScratchFolder &scratch, const std::string &kinds) {
  return scratch.write("sweep.yaml", "module: error_paths\nguest: {cpus: 2}\nmatrix: {kind: [" + kinds +
                                         "]}\nsteps:\n  - load: {params: {kind: \"${kind}\"}}\n  - unload\n");
}

TEST(FailEach, LetsEachCallFailAndCountsWhatComesOfIt) {
  const ScratchFolder scratch;
  const fs::path plan = plan_of_kinds(scratch, "leaks_the_first, uses_a_null");
  const fs::path json = scratch.path() / "events.jsonl";
  const Ended ended = kmodtest(
      {"run", plan, "--fail-each", "--modules", source_folder() / "modules/faulty", "-j", "2", "--json", json});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("\n3 calls, 1 handled, 1 crashed, 1 leaked\n"), std::string::npos) << ended.out;
  std::map<std::string, std::string> outcomes;
  for (const auto &one : finished_cases(json)) outcomes[one.at("id")] = one.at("outcome");
  ASSERT_EQ(outcomes.size(), 3u) << ended.out;
  for (const auto &[id, outcome] : outcomes) {
    SCOPED_TRACE(id);
    EXPECT_NE(id.find(" error_paths.c:"), std::string::npos);
    const bool first = id.find("fail=1:kmalloc@leaks_the_first+") != std::string::npos;
    const bool second = id.find("fail=2:kmalloc@leaks_the_first+") != std::string::npos;
    EXPECT_EQ(outcome, first ? "passed" : second ? "leaked" : "crashed");
  }
  EXPECT_NE(ended.out.find("--fail 2 --case \"sweep [cpus=2 kind=leaks_the_first fail=2]\""), std::string::npos)
      << ended.out;
}

TEST(FailEach, OneCallCanFailAgainToTheBit) {
  const ScratchFolder scratch;
  const fs::path plan = plan_of_kinds(scratch, "leaks_the_first");
  const fs::path json = scratch.path() / "events.jsonl";
  const Ended ended = kmodtest(
      {"run", plan, "--fail", "2", "--modules", source_folder() / "modules/faulty", "--repeat", "3", "--json", json});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  std::set<std::string> digests;
  for (const auto &one : finished_cases(json)) {
    EXPECT_EQ(one.at("outcome"), "leaked");
    digests.insert(one.at("digest").get<std::string>());
  }
  EXPECT_EQ(digests.size(), 1u) << ended.out;
  EXPECT_NE(ended.out.find("100 bytes from kmalloc at leaks_the_first+"), std::string::npos) << ended.out;
}

TEST(FailEach, WhatLeaksWithoutAFailureIsNotBlamedOnACall) {
  const ScratchFolder scratch;
  const fs::path plan = scratch.write(
      "sweep.yaml", "module: stays_registered\nsteps:\n  - load: {params: {what: file_system}}\n  - unload\n");
  const fs::path json = scratch.path() / "events.jsonl";
  const Ended ended =
      kmodtest({"run", plan, "--fail-each", "--modules", source_folder() / "modules/faulty", "--json", json});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  const auto cases = finished_cases(json);
  ASSERT_EQ(cases.size(), 1u) << ended.out;
  EXPECT_EQ(cases.front().at("outcome"), "leaked");
  EXPECT_EQ(ended.out.find("after call"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("does not pass as it is"), std::string::npos) << ended.out;
}

TEST(FailEach, TheRepairedTwinHandlesAll) {
  const ScratchFolder scratch;
  const fs::path plan = plan_of_kinds(scratch, "leaks_the_first, stops_what_never_ran");
  const Ended ended =
      kmodtest({"run", plan, "--fail-each", "--modules", source_folder() / "modules/healthy", "-j", "2"});
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("\n5 calls, 5 handled\n"), std::string::npos) << ended.out;
}

}  // namespace
}  // namespace kmodtest::e2e
