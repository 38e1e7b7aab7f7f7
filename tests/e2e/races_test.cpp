// SPDX-License-Identifier: GPL-2.0-or-later
// Data races: found, described and repeated to the bit; nothing where the accesses are kept apart or marked.
#include <gtest/gtest.h>
#include <set>

#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

std::string plan_of_modules(const char *kind, const std::string &name) {
  return source_folder() / "testplans" / kind / (name + ".yaml");
}

TEST(Races, AreFoundAndRepeatToTheBit) {
  const ScratchFolder scratch;
  const fs::path json = scratch.path() / "found.jsonl", page = scratch.path() / "page.html";
  const fs::path plan = scratch.write("racy.yaml",
                                      "module: shares_without_care\n"
                                      "guest: {cpus: 2}\n"
                                      "steps: [load: {params: {kind: two_locks}}, sleep: 50ms, unload]\n");
  const Ended ended = kmodtest({"run", plan, "--modules", faulty_modules(), "--races", "--repeat", "5", "-j", "1",
                                "--json", json, "--html", page});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  const auto cases = finished_cases(json);
  ASSERT_EQ(cases.size(), 5) << ended.out;
  std::set<std::string> digests;
  for (const auto &one : cases) {
    EXPECT_EQ(one.at("outcome"), "crashed");
    digests.insert(one.at("digest").get<std::string>());
  }
  EXPECT_EQ(digests.size(), 1) << "the same seed gives the same report";
  for (const char *words : {"data race in take_other_lock (shares_without_care.c:", "by sharer/0 (pid ",
                            "by sharer/1 (pid ", "on CPU 1", "item->key++;", "kthread+0x", "--races",
                            "locks held: spinlock first_lock, taken in take_other_lock (shares_without_care.c:",
                            "the memory was allocated in shares_without_care_init (shares_without_care.c:"})
    EXPECT_NE(ended.out.find(words), std::string::npos) << words << '\n' << ended.out;
  EXPECT_NE(read_file(page).find("data race in take_other_lock"), std::string::npos);
}

TEST(Races, OfEachKindAreFoundInBothWays) {
  const ScratchFolder scratch;
  const fs::path plan = scratch.write("kinds.yaml",
                                      "module: shares_without_care\n"
                                      "matrix: {kind: [count, plain_write, plain_read, two_locks, whole_object, bits, "
                                      "timer]}\n"
                                      "guest: {cpus: 2}\n"
                                      "checks: {races: true}\n"
                                      "expect: {report: \"data race in \"}\n"
                                      "steps: [load: {params: {kind: \"${kind}\"}}, sleep: 100ms, unload]\n");
  for (const char *way : {"--races=meet", "--races=order"}) {
    const Ended ended = kmodtest({"run", plan, "--modules", faulty_modules(), "-j", "1", way});
    EXPECT_EQ(ended.exit_code, 0) << way << '\n' << ended.out << ended.err;
    EXPECT_NE(ended.out.find("7 cases: 7 passed"), std::string::npos) << way << '\n' << ended.out;
  }
}

TEST(Races, AreFoundByTheirOrderInARunWhoseThreadsNeverMeet) {
  const ScratchFolder scratch;
  const fs::path json = scratch.path() / "found.jsonl";
  const Ended ended = kmodtest({"run", plan_of_modules("racy", "reference_dropped_early"), "--races=order", "--repeat",
                                "3", "-j", "1", "--json", json});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  std::set<std::string> digests;
  for (const auto &one : finished_cases(json)) digests.insert(one.at("digest").get<std::string>());
  EXPECT_EQ(digests.size(), 1);
  for (const char *words : {"data race in sends (reference_dropped_early.c:", "put_message (reference_dropped_early.c:",
                            "free of the memory at 0x", "which the kernel has called as sends()",
                            "free memory only when nobody uses it", "--races=order"})
    EXPECT_NE(ended.out.find(words), std::string::npos) << words << '\n' << ended.out;
}

TEST(Races, AccessesThatMayMeetAreNone) {
  std::vector<std::string> arguments = {"run", plan_of_modules("healthy", "shares_with_care"), "-j", "1"};
  for (const char *kind : {"lock", "marks", "atomics", "on_purpose", "sequence"})
    arguments.insert(arguments.end(), {"--case", std::string("shares_with_care [cpus=2 kind=") + kind + "]"});
  const Ended ended = kmodtest(arguments);
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("5 cases: 5 passed"), std::string::npos) << ended.out;
  const Ended ordered = kmodtest({"run", plan_of_modules("healthy", "shares_with_care"),
                                  plan_of_modules("healthy", "shares_one_at_a_time"), "--races=order", "-j", "1"});
  EXPECT_EQ(ordered.exit_code, 0) << ordered.out << ordered.err;
  EXPECT_NE(ordered.out.find("22 cases: 22 passed"), std::string::npos) << ordered.out;
}

TEST(Races, NeedVirtualTime) {
  const Ended real = kmodtest({"run", plan_of_modules("healthy", "shares_with_care"), "--time", "real", "--case",
                               "shares_with_care [cpus=2 kind=lock]"});
  EXPECT_EQ(real.exit_code, 1) << real.out << real.err;
  EXPECT_NE(real.out.find("finding data races needs an emulated guest under virtual time"), std::string::npos)
      << real.out;
  const Ended fresh = kmodtest({"run", plan_of_modules("healthy", "shares_with_care"), "--races", "--no-snapshot"});
  EXPECT_EQ(fresh.exit_code, 2) << fresh.out << fresh.err;
  EXPECT_NE(fresh.err.find("--races and --no-snapshot cannot be used together"), std::string::npos) << fresh.err;
}

}  // namespace
}  // namespace kmodtest::e2e
