// SPDX-License-Identifier: GPL-2.0-or-later
// Each case gets a guest that no other case has touched; what a guest does is reproducible; no snapshot is used
// unchecked.
#include <atomic>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <signal.h>
#include <sstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "e2e/phases.hpp"
#include "e2e/tool.hpp"

namespace kmodtest::e2e {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

/// Returns all digests of each case.
std::map<std::string, std::set<std::string>> digests_of(const std::vector<Json> &cases) {
  std::map<std::string, std::set<std::string>> digests;
  for (const Json &one : cases) {
    digests[one["id"]].insert(one["digest"].is_string() ? one["digest"].get<std::string>() : "none");
  }
  return digests;
}

/// Keeps one CPU of the host busy half of the time, in turns of a millisecond. That disturbs guests more often than a
/// steady load, which the host's scheduler soon puts behind them, and leaves time to the other tests.
class BusyLoop {
 public:
  BusyLoop()
      : thread_([this] {
          while (!stop_) {
            const auto end = std::chrono::steady_clock::now() + 1ms;
            while (std::chrono::steady_clock::now() < end) {
            }
            std::this_thread::sleep_for(1ms);
          }
        }) {}
  ~BusyLoop() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

TEST(Repeatability, EveryRunOfACaseHasOneDigestAlsoOnABusyMachine) {
  const ScratchFolder scratch;
  const BusyLoop busy;
  std::vector<Json> cases;
  for (const char *number : {"1", "2"}) {
    const fs::path events = scratch.path() / number;
    const Ended ended = kmodtest({"run", plan_of("ex7_3"), plan_of("ex7_4"), "--cpus", "1,2,4", "--repeat", "2",
                                  "--deterministic", "--shuffle", number, "--json", events});
    ASSERT_EQ(ended.exit_code, 0) << ended.out << ended.err;
    for (Json &one : finished_cases(events)) cases.push_back(std::move(one));
  }
  const auto digests = digests_of(cases);
  EXPECT_EQ(digests.size(), 8u);
  for (const auto &[id, of_case] : digests) {
    EXPECT_EQ(of_case.size(), 1u) << id;
    EXPECT_EQ(of_case.count("none"), 0u) << id;
  }
}

// Turns of CPUs have other lengths if there are more than eight.
TEST(Repeatability, EachBootOfAGuestEndsInTheSameState) {
  const ScratchFolder scratch;
  const BusyLoop busy;
  std::vector<Json> cases;
  for (const bool boots : {false, true}) {
    const fs::path events = scratch.path() / (boots ? "booted" : "restored");
    std::vector<std::string> arguments = {"run", plan_of("ex7_1"), "--cpus", "4,9", "--json", events};
    if (boots) arguments.insert(arguments.end(), {"--no-snapshot", "--repeat", "2"});
    const Ended ended = kmodtest(arguments);
    ASSERT_EQ(ended.exit_code, 0) << ended.out << ended.err;
    for (Json &one : finished_cases(events)) cases.push_back(std::move(one));
  }
  ASSERT_EQ(cases.size(), 6u);
  for (const auto &[id, of_case] : digests_of(cases)) EXPECT_EQ(of_case.size(), 1u) << id;
}

TEST(Repeatability, TheSeedDecides) {
  const ScratchFolder scratch;
  std::map<std::string, std::set<std::string>> by_seed;
  for (const char *seed : {"1", "2"}) {
    const fs::path events = scratch.path() / seed;
    const Ended ended =
        kmodtest({"run", plan_of("ex7_4"), "--cpus", "2", "--seed", seed, "--repeat", "2", "--json", events});
    ASSERT_EQ(ended.exit_code, 0) << ended.out << ended.err;
    for (const auto &[id, digests] : digests_of(finished_cases(events))) {
      EXPECT_EQ(digests.size(), 1u) << id << " with seed " << seed;
      by_seed[id].insert(digests.begin(), digests.end());
    }
  }
  ASSERT_FALSE(by_seed.empty());
  for (const auto &[id, digests] : by_seed) EXPECT_EQ(digests.size(), 2u) << id;
}

TEST(VirtualTime, AThreadThatSleepsTenSecondsIsJudgedByItsOwnClock) {
  const ScratchFolder scratch;
  const fs::path events = scratch.path() / "events";
  fs::copy(source_folder() / "modules/kthread_run", scratch.path() / "kthread_run", fs::copy_options::recursive);
  const fs::path plan =
      scratch.write("plan.yaml",
                    "module: kthread_run\nsteps:\n  - load\n"
                    "  - dmesg: {count: {of: Executing def_thread_task, is: \">= 11\"}, within: 15s,\n"
                    "            interval: {of: Executing def_thread_task, is: 1s ± 5%, times: 10}}\n  - unload\n");
  const Ended ended = kmodtest({"run", plan, "--time", "virtual", "--json", events});
  ASSERT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_GE(finished_cases(events).at(0)["timings"]["guest"].get<double>(), 10.0);
}

TEST(VirtualTime, TheTimeoutOfACaseCountsTheGuestsTime) {
  const ScratchFolder scratch;
  const fs::path events = scratch.path() / "events";
  fs::copy(source_folder() / "modules/ex7_1", scratch.path() / "ex7_1", fs::copy_options::recursive);
  const fs::path plan =
      scratch.write("plan.yaml", "module: ex7_1\ntimeout: 20s\nsteps:\n  - load\n  - sleep: 200s\n  - unload\n");
  const Ended ended = kmodtest({"run", plan, "--time", "virtual", "--json", events});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_NE(ended.out.find("the case did not end within its timeout of 20 s"), std::string::npos) << ended.out;
  const double guest = finished_cases(events).at(0)["timings"]["guest"];
  EXPECT_GE(guest, 20.0);
  EXPECT_LT(guest, 21.0);
}

TEST(Pristine, WhatAModuleScribbledOverIsWholeAgainForTheNextCase) {
  const ScratchFolder scratch;
  const fs::path events = scratch.path() / "events";
  scratch.write("scribbler/Kbuild", "obj-m := scribbler.o\n");
  scratch.write("scribbler/scribbler.c",
                "#include <linux/module.h>\n#include <linux/slab.h>\n"
                "static int __init scribbler_init(void)\n{\n"
                "\tchar *memory = kmalloc(64, GFP_KERNEL);\n"
                "\tmemset(memory, 0x5a, 8 << 20);\n\treturn 0;\n}\n"
                "static void __exit scribbler_exit(void) { }\n"
                "module_init(scribbler_init);\nmodule_exit(scribbler_exit);\nMODULE_LICENSE(\"GPL\");\n");
  fs::copy(source_folder() / "modules/ex7_1", scratch.path() / "ex7_1", fs::copy_options::recursive);
  // Sorted by name: the healthy one follows. One worker, so that both have the same QEMU.
  const fs::path bad =
      scratch.write("a.yaml", "module: scribbler\ntimeout: 5s\nguest: {cpus: 2}\nsteps: [load, unload]\n");
  const fs::path good = scratch.write(
      "b.yaml", "module: ex7_1\nguest: {cpus: 2}\nsteps:\n  - load\n  - dmesg: \"I'm a thread!\"\n  - unload\n");
  const Ended ended =
      kmodtest({"run", bad, good, "-j", "1", "--repeat", "3", "--shuffle", "3", "--time", "virtual", "--json", events});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  const auto cases = finished_cases(events);
  ASSERT_EQ(cases.size(), 6u);
  std::set<std::string> digests;
  for (const Json &one : cases) {
    const bool healthy = one["id"].get<std::string>().starts_with("b ");
    EXPECT_EQ(one["outcome"] == "passed", healthy) << one["id"] << ": " << one["evidence"];
    if (healthy) digests.insert(one["digest"].get<std::string>());
  }
  EXPECT_EQ(digests.size(), 1u);
}

/// The kernel's text is patched at thousands of places, or at those that every case runs through. QEMU keeps its
/// translations from one case to the next, but must not keep these.
TEST(Pristine, CodeThatACasePatchedIsTheKernelsOwnAgain) {
  const ScratchFolder scratch;
  const fs::path events = scratch.path() / "events";
  const auto patching = [&](const char *name, const char *command) {
    return scratch.write(std::string(name) + ".yaml", "module: ex7_1\nsteps:\n  - run: " + std::string(command) +
                                                          "\n  - load\n  - dmesg: \"I'm a thread!\"\n  - unload\n");
  };
  const fs::path probes = patching("probes",
                                   "mkdir /t && mount -t tracefs t /t && cd /t && echo 'p schedule' >kprobe_events && "
                                   "echo 'p vfs_read' >>kprobe_events && echo 1 >events/kprobes/enable");
  const fs::path events_on = patching("events", "mkdir /t && mount -t tracefs t /t && echo 1 >/t/events/sched/enable");
  const fs::path static_key = patching("static_key", "echo 1 >/proc/sys/kernel/sched_schedstats");
  // Two modules with other code at the same address.
  const Ended ended = kmodtest({"run", probes, events_on, static_key, plan_of("ex7_1"), plan_of("ex7_2"), "--modules",
                                source_folder() / "modules", "--cpus", "2", "-j", "1", "--repeat", "3", "--shuffle",
                                "1", "--json", events});
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  const auto digests = digests_of(finished_cases(events));
  EXPECT_EQ(digests.size(), 5u);
  for (const auto &[id, of_case] : digests) EXPECT_EQ(of_case.size(), 1u) << id;
}

TEST(Pristine, AfterAPanicTheNextCasePasses) {
  const ScratchFolder scratch;
  const fs::path events = scratch.path() / "events";
  const Ended ended =
      kmodtest({"run", test_plan("panics_in_init"), test_plan("init_never_returns"), plan_of("ex7_1"), "--modules",
                faulty_modules(), "--cpus", "1", "-j", "1", "--repeat", "2", "--shuffle", "2", "--json", events});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  std::map<std::string, std::set<std::string>> outcomes;
  for (const Json &one : finished_cases(events)) outcomes[one["id"]].insert(one["outcome"].get<std::string>());
  EXPECT_EQ(outcomes["ex7_1 [cpus=1]"], (std::set<std::string>{"passed"}));
  EXPECT_EQ(outcomes["panics_in_init [cpus=1]"], (std::set<std::string>{"crashed"}));
  EXPECT_EQ(outcomes["init_never_returns [cpus=1]"], (std::set<std::string>{"hung"}));
}

/// Returns whether the run of a tool booted a guest.
bool booted(const fs::path &events) {
  return finished_cases(events).at(0)["timings"]["boot"].get<double>() > 0;
}

TEST(SnapshotStore, TwoProcessesOnAnEmptyStoreBootOnce) {
  const BorrowedCache cache;
  const ScratchFolder scratch;
  std::vector<std::string> arguments = cache.arguments();
  arguments.insert(arguments.end(), {"--json", scratch.path() / "one"});
  Tool one(arguments, cache.environment());
  arguments.back() = scratch.path() / "two";
  Tool two(arguments, cache.environment());
  const Ended first = one.wait(), second = two.wait();
  EXPECT_EQ(first.exit_code, 0) << first.out << first.err;
  EXPECT_EQ(second.exit_code, 0) << second.out << second.err;
  EXPECT_EQ(booted(scratch.path() / "one") + booted(scratch.path() / "two"), 1);
}

/// Changes a byte in the middle of a file.
void damage(const fs::path &path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(fs::file_size(path) / 2));
  const int byte = file.peek();
  file.seekp(file.tellg());
  file.put(static_cast<char>(byte ^ 1));
}

TEST(SnapshotStore, ADamagedSnapshotIsMadeAgainAndSaidOnce) {
  const BorrowedCache cache;
  const ScratchFolder scratch;
  std::vector<std::string> arguments = cache.arguments();
  arguments.insert(arguments.end(), {"--json", scratch.path() / "events"});
  ASSERT_EQ(kmodtest(arguments, cache.environment()).exit_code, 0);
  EXPECT_TRUE(booted(scratch.path() / "events"));
  ASSERT_EQ(kmodtest(arguments, cache.environment()).exit_code, 0);
  EXPECT_FALSE(booted(scratch.path() / "events"));

  std::map<std::string, fs::path> parts;
  for (const auto &entry : fs::recursive_directory_iterator(cache.path() / "snapshots")) {
    parts[entry.path().filename()] = entry.path();
  }
  for (const char *part : {"state.qcow2", "memory"}) {
    ASSERT_EQ(parts.count(part), 1u) << part;
    damage(parts[part]);
    const Ended ended = kmodtest(arguments, cache.environment());
    EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
    EXPECT_TRUE(booted(scratch.path() / "events")) << part;
    const std::size_t said = ended.out.find("is damaged");
    EXPECT_NE(said, std::string::npos) << ended.out;
    EXPECT_EQ(ended.out.find("is damaged", said + 1), std::string::npos) << ended.out;
  }
}

TEST(SnapshotStore, IsWholeAfterEveryKill) {
  const BorrowedCache cache;
  const ScratchFolder scratch;
  std::vector<std::string> arguments = cache.arguments();
  arguments.insert(arguments.end(), {"--json", scratch / "events"});
  const auto kill_at = [&](const std::vector<Phase> &phases) {
    for (const Phase &phase : phases) {
      fs::remove(scratch / "events");
      Tool tool(arguments, cache.environment());
      EXPECT_TRUE(wait_for(phase, {tool, scratch / "events", cache.path()})) << phase << ": " << tool.out();
      tool.signal(SIGKILL);
      tool.wait(20s);
      EXPECT_TRUE(tool.guests_gone(3000ms)) << "a QEMU is left after the kill at " << phase;
    }
  };
  const auto expect_whole = [&](bool may_boot) {
    const Ended ended = kmodtest(arguments, cache.environment());
    EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
    EXPECT_EQ(ended.out.find("damaged"), std::string::npos) << ended.out;
    EXPECT_TRUE(may_boot || !booted(scratch / "events"));
  };
  const std::vector<Phase> early = {phase::started(), phase::has_its_folder(), phase::progress("Prepares", "preparing"),
                                    phase::has_a_guest(), phase::progress("Restores", "restoring")};
  const std::vector<Phase> late = {phase::has_a_real_guest(), phase::progress("PushesAModule", "pushing "),
                                   phase::progress("RunsAStep", "step 1/"), phase::finished("HasFinished", 1)};
  // Without a snapshot, up to the moment at which the store has it. The next run removes what a kill left.
  kill_at(early);
  kill_at({phase::progress("Boots", "booting"), phase::has_a_real_guest()});
  kill_at({phase::snapshot_begun(), phase::snapshot_half_copied(), phase::snapshot_begun(),
           phase::snapshot_half_copied(), phase::snapshot_has_its_manifest()});
  expect_whole(true);
  // With a snapshot.
  for (int round = 0; round < 3; ++round) {
    kill_at(early);
    kill_at({phase::snapshot_kept()});
    kill_at(late);
  }
  expect_whole(false);
}

}  // namespace
}  // namespace kmodtest::e2e
