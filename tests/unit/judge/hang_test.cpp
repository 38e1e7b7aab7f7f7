// SPDX-License-Identifier: GPL-2.0-or-later
// The guest's output and memory were recorded on 6.1.0-50-cloud-amd64, and shortened.
#include "judge/hang.hpp"

#include <gtest/gtest.h>

#include "judge/observations.hpp"
#include "unit/judge/stream.hpp"

namespace kmodtest::judge {
namespace {

using namespace testing;

wire::TaskStack task(int pid, std::string name, char state, std::string stack, bool kernel_thread = true) {
  wire::TaskStack made{thread(std::move(name), 1, state), std::move(stack)};
  made.task.pid = made.task.tgid = pid;
  made.task.kernel_thread = kernel_thread;
  return made;
}

/// A case whose step is open when its deadline passes.
class HungStream : public Stream {
 public:
  /// Adds the agent's autopsy, and the kernel's lines for it.
  HungStream &autopsy(int caller, std::vector<wire::TaskStack> tasks, const std::vector<std::string> &traces = {}) {
    add(wire::LogLines{{{sequence++, 6, 1, now, "", "kmodtest: autopsy of step 1"}}, 0});
    for (const auto &line : traces) log(line);
    add(wire::Autopsy{index, now, caller, std::move(tasks)});
    return *this;
  }
  HungStream &expire(const std::string &detail) {
    add(wire::StepEnded{index, now, wire::StepResult::expired, sequence, detail});
    return *this;
  }
};

HungStream loading() {
  HungStream stream;
  stream.begin(wire::Load{{{"ex", "/tmp/modules/ex.ko", {}}}, 0}, 10s);
  stream.at(13s);
  return stream;
}

HungStream unloading() {
  HungStream stream;
  stream.load().end();
  stream.begin(wire::Unload{{"ex"}, false, 0}, 10s);
  stream.at(13s);
  return stream;
}

constexpr const char *kMutexOf[] = {"[<0>] take+0x24/0x40 [ex]\n[<0>] fa+0x18/0x34 [ex]\n[<0>] kthread+0xd7/0x100\n",
                                    "[<0>] take+0x24/0x40 [ex]\n[<0>] fb+0x18/0x40 [ex]\n[<0>] kthread+0xd7/0x100\n"};

std::vector<std::string> blocked_trace(int pid, const std::string &name, const std::vector<std::string> &frames) {
  std::vector<std::string> lines{
      "task:" + name + "          state:D stack:0     pid:" + std::to_string(pid) + "    ppid:2      flags:0x00004000",
      "Call Trace:", " <TASK>"};
  for (const auto &frame : frames) lines.push_back(" " + frame);
  lines.emplace_back(" </TASK>");
  return lines;
}

TEST(Hang, OfAnInitThatSleeps) {
  auto stream = loading();
  stream.autopsy(85, {task(85, "kmodtest-worker", 'S',
                           "[<0>] ex_init+0x29/0x1000 [ex]\n[<0>] do_one_initcall+0x56/0x220\n", false)});
  stream.expire("loading ex did not come back");
  const Verdict verdict = stream.complete();
  EXPECT_EQ(verdict.outcome, Outcome::hung);
  EXPECT_EQ(verdict.evidence.front().summary,
            "loading ex did not come back (waited 10.000 s): it sleeps in ex_init+0x29 [ex]");
  EXPECT_EQ(verdict.evidence.front().details,
            std::vector<std::string>{"'kmodtest-worker' (pid 85), state S:\n  ex_init+0x29/0x1000 [ex]\n"
                                     "  do_one_initcall+0x56/0x220"});
}

TEST(Hang, OfAnInitThatSpinsOnAnotherCpu) {
  auto stream = loading();
  stream.autopsy(
      85, {task(85, "kmodtest-worker", 'R', "", false)},
      {"sysrq: Show backtrace of all active CPUs", "NMI backtrace for cpu 0",
       "CPU: 0 PID: 1 Comm: init Tainted: G           OE      6.1.0-50-cloud-amd64 #1", "Call Trace:", " <TASK>",
       " dump_stack_lvl+0x44/0x5c", " </TASK>", "Sending NMI from CPU 0 to CPUs 1:", "NMI backtrace for cpu 1",
       "CPU: 1 PID: 85 Comm: kmodtest-worker Tainted: G           OE      6.1.0-50-cloud-amd64 #1",
       "RIP: 0010:spin+0x5/0x10 [ex]", "RSP: 0018:ffffc90000187d88 EFLAGS: 00000046", "Call Trace:", " <TASK>",
       " ? old_call+0x1/0x2", " ex_init+0x1e/0x1000 [ex]", " do_one_initcall+0x56/0x220", " </TASK>"});
  stream.expire("loading ex did not come back");
  const Verdict verdict = stream.complete();
  EXPECT_EQ(verdict.evidence.front().summary,
            "loading ex did not come back (waited 10.000 s): it spins on CPU 1 in spin+0x5 [ex], with interrupts off");
  EXPECT_EQ(verdict.evidence.front().details,
            std::vector<std::string>{"'kmodtest-worker' (pid 85), state R, on CPU 1 with interrupts off:\n"
                                     "  spin+0x5/0x10 [ex]\n  ex_init+0x1e/0x1000 [ex]\n  do_one_initcall+0x56/0x220"});
}

TEST(Hang, OfAnExitThatWaitsForAThread) {
  auto stream = unloading();
  stream.autopsy(
      85, {task(85, "kmodtest-worker", 'D', "[<0>] kthread_stop+0x66/0x170\n[<0>] ex_exit+0x11/0xf2c [ex]\n", false),
           task(86, "stubborn", 'D', "[<0>] msleep+0x2d/0x40\n[<0>] stubborn+0x11/0x20 [ex]\n")});
  stream.expire("unloading ex did not come back");
  const Verdict verdict = stream.complete();
  EXPECT_EQ(verdict.outcome, Outcome::hung);
  EXPECT_EQ(verdict.evidence.front().summary,
            "unloading ex did not come back (waited 10.000 s): it waits for the end of a thread (kthread_stop) in "
            "ex_exit+0x11 [ex]; 'stubborn' (pid 86) sleeps in stubborn+0x11 [ex]");
}

TEST(Hang, OfTwoThatHoldWhatTheOtherWantsIsADeadlock) {
  auto stream = unloading();
  auto traces = blocked_trace(
      86, "abba_a",
      {"__schedule+0x34d/0x9e0", "schedule+0x5a/0xd0", "__mutex_lock.constprop.0+0x399/0x700", "take+0x24/0x40 [ex]"});
  stream.autopsy(
      85,
      {task(85, "kmodtest-worker", 'D', "[<0>] kthread_stop+0x66/0x170\n[<0>] ex_exit+0x11/0xf2c [ex]\n", false),
       task(86, "abba_a", 'D', kMutexOf[0]), task(87, "abba_b", 'D', kMutexOf[1])},
      traces);
  stream.expire("unloading ex did not come back");
  stream.seen.dissection.emplace();
  stream.seen.dissection->locks = {{86, 87, 0xffffffffc0206000}, {87, 86, 0xffffffffc0206020}};
  const Verdict verdict = stream.complete();
  EXPECT_EQ(verdict.outcome, Outcome::hung);
  EXPECT_EQ(verdict.evidence.front().summary,
            "unloading ex did not come back (waited 10.000 s): deadlock: 'abba_a' (pid 86) in take+0x24 [ex] and "
            "'abba_b' (pid 87) in take+0x24 [ex] each wait for a mutex that the other holds");
  ASSERT_EQ(verdict.evidence.front().details.size(), 3u);
  EXPECT_EQ(verdict.evidence.front().details[0],
            "'abba_a' (pid 86), state D:\n  __schedule+0x34d/0x9e0\n  schedule+0x5a/0xd0\n"
            "  __mutex_lock.constprop.0+0x399/0x700\n  take+0x24/0x40 [ex]");
  EXPECT_TRUE(verdict.evidence.front().details[2].starts_with("'kmodtest-worker' (pid 85)"));
}

TEST(Hang, OfOneThatWantsWhatItHoldsIsADeadlock) {
  auto stream = loading();
  stream.autopsy(85, {task(85, "kmodtest-worker", 'D', "[<0>] ex_init+0x94/0x1000 [ex]\n", false)});
  stream.expire("loading ex did not come back");
  stream.seen.dissection.emplace();
  stream.seen.dissection->locks = {{85, 85, 0xffffffffc0206000}};
  EXPECT_EQ(stream.complete().evidence.front().summary,
            "loading ex did not come back (waited 10.000 s): deadlock: 'kmodtest-worker' (pid 85) in ex_init+0x94 [ex] "
            "waits for a mutex that it holds itself");
}

TEST(Hang, NamesTheOwnerOfAMutexThatIsInNoRing) {
  auto stream = loading();
  stream.autopsy(
      85,
      {task(85, "kmodtest-worker", 'D', "[<0>] ex_init+0x94/0x1000 [ex]\n", false),
       task(86, "keeper", 'D', "[<0>] msleep+0x2d/0x40\n[<0>] keep+0x31/0x50 [ex]\n")},
      blocked_trace(85, "kmodtest-worker",
                    {"__schedule+0x34d/0x9e0", "__mutex_lock.constprop.0+0x399/0x700", "ex_init+0x94/0x1000 [ex]"}));
  stream.expire("loading ex did not come back");
  stream.seen.dissection.emplace();
  stream.seen.dissection->locks = {{85, 86, 0xffffffffc0206000}};
  EXPECT_EQ(stream.complete().evidence.front().summary,
            "loading ex did not come back (waited 10.000 s): it waits for a mutex in ex_init+0x94 [ex], which 'keeper' "
            "(pid 86) in keep+0x31 [ex] holds");
}

TEST(Hang, MakesAnExpiredConditionHungOnlyWhereADeadlockIsSeen) {
  const auto waiting = [](bool deadlock) {
    HungStream stream;
    stream.load().end();
    stream.begin(wire::LogCondition{{lit("done")}, {}, {}, {}, {}, wire::LogScope::start}, 2s);
    stream.at(6s);
    stream.autopsy(0, {task(86, "abba_a", 'D', kMutexOf[0]), task(87, "abba_b", 'D', kMutexOf[1])});
    stream.expire("'done' has not appeared");
    if (deadlock) stream.seen.dissection.emplace().locks = {{86, 87, 1}, {87, 86, 2}};
    return stream.complete();
  };
  const Verdict failed = waiting(false);
  EXPECT_EQ(failed.outcome, Outcome::failed);
  EXPECT_EQ(failed.evidence.front().summary, "'done' has not appeared (waited 2.000 s)");
  const Verdict hung = waiting(true);
  EXPECT_EQ(hung.outcome, Outcome::hung);
  EXPECT_EQ(hung.evidence.front().summary,
            "'done' has not appeared (waited 2.000 s): deadlock: 'abba_a' (pid 86) in take+0x24 [ex] and 'abba_b' (pid "
            "87) in take+0x24 [ex] each wait for a mutex that the other holds");
}

TEST(Hang, OfADeadlockThatNoStepWaitedForIsSeenAtTheEnd) {
  HungStream stream;
  stream.load().end();
  stream.autopsy(0, {task(86, "abba_a", 'D', kMutexOf[0]), task(87, "abba_b", 'D', kMutexOf[1])});
  stream.seen.dissection.emplace().locks = {{86, 87, 1}, {87, 86, 2}};
  wire::Inventory left;
  left.modules = {module_record("ex")};
  const Verdict verdict = stream.complete(left);
  EXPECT_EQ(verdict.outcome, Outcome::hung);
  ASSERT_EQ(verdict.evidence.size(), 2u);
  EXPECT_EQ(
      verdict.evidence[0].summary,
      "deadlock: 'abba_a' (pid 86) in take+0x24 [ex] and 'abba_b' (pid 87) in take+0x24 [ex] each wait for a mutex "
      "that the other holds");
  EXPECT_EQ(verdict.evidence[1].summary, "module 'ex' is still loaded at the end");
}

TEST(Hang, OfAGuestThatFellSilentIsSeenFromOutside) {
  auto stream = loading();
  CpuSeen idle;
  idle.halted = true;
  CpuSeen agent;
  agent.cpu = 1;
  agent.task = {1, "init", 'R', {"do_poll+0x1/0x2"}};
  CpuSeen spinning;
  spinning.cpu = 2;
  spinning.takes_interrupts = false;
  spinning.task = {85, "kmodtest-worker", 'R', {"spin+0x5/0x10 [ex]", "? ex_init+0x1e/0x1000 [ex]"}};
  stream.seen.dissection.emplace().cpus = {idle, agent, spinning};
  const Verdict verdict = stream.verdict(Ending::Kind::stuck, "CPU 2 is in an endless loop");
  EXPECT_EQ(verdict.outcome, Outcome::hung);
  EXPECT_EQ(verdict.evidence.front().summary,
            "'load' cannot end: CPU 2 is in an endless loop: 'kmodtest-worker' (pid 85) spins on CPU 2 in "
            "spin+0x5 [ex], with interrupts off");
  EXPECT_EQ(verdict.evidence.front().details,
            std::vector<std::string>{"'kmodtest-worker' (pid 85), state R, on CPU 2 with interrupts off:\n"
                                     "  spin+0x5/0x10 [ex]\n  ? ex_init+0x1e/0x1000 [ex]"});
}

TEST(Hang, ThatTheKernelReportsWithoutAPlaceIsExplained) {
  const auto stalled = [](const std::string &frame) {
    auto stream = loading();
    stream.log("rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:", 3);
    if (!frame.empty()) stream.log("Call Trace:", 4).log(" <TASK>", 4).log(" " + frame, 4).log(" </TASK>", 4);
    CpuSeen cpu;
    cpu.task = {85, "kmodtest-worker", 'R', {"spin+0x5/0x10 [ex]"}};
    stream.seen.dissection.emplace().cpus = {cpu};
    return stream.verdict(Ending::Kind::stopped_early).evidence.front();
  };
  EXPECT_EQ(stalled("").summary, "RCU stall: 'kmodtest-worker' (pid 85) spins on CPU 0 in spin+0x5 [ex]");
  EXPECT_EQ(stalled("ex_init+0x1e/0x1000 [ex]").summary, "RCU stall in ex_init+0x1e [ex]");
}

TEST(Hang, WithoutAnAutopsyKeepsItsWords) {
  auto stream = loading();
  stream.expire("loading ex did not come back");
  const Verdict verdict = stream.complete();
  EXPECT_EQ(verdict.outcome, Outcome::hung);
  EXPECT_EQ(verdict.evidence.front().summary, "loading ex did not come back (waited 10.000 s)");
}

TEST(Hang, TakesNothingOfWhatTheKernelWroteForTheAutopsyForAReport) {
  auto stream = loading();
  stream.autopsy(85, {task(85, "kmodtest-worker", 'S', "[<0>] ex_init+0x29/0x1000 [ex]\n", false)},
                 {"INFO: task kmodtest-worker:85 blocked for more than 30 seconds.", "BUG: soft lockup - CPU#1 stuck"});
  stream.expire("loading ex did not come back");
  const Verdict verdict = stream.complete();
  ASSERT_EQ(verdict.evidence.size(), 1u);
  EXPECT_FALSE(decided_early(stream.test_case, stream.seen, stream.seen.log()));
}

TEST(Hang, OfATaskAloneDoesNotEndACaseEarly) {
  HungStream stream;
  stream.begin(wire::Load{{{"ex", "/tmp/modules/ex.ko", {}}}, 0}, 10s);
  stream.log("INFO: task kmodtest-worker:85 blocked for more than 30 seconds.", 3);
  stream.log(" </TASK>", 4);
  EXPECT_FALSE(decided_early(stream.test_case, stream.seen, stream.seen.log()));
  stream.log("watchdog: BUG: soft lockup - CPU#0 stuck for 4s! [stubborn:86]", 0);
  EXPECT_TRUE(decided_early(stream.test_case, stream.seen, stream.seen.log()));
}

TEST(Dissection, IsWantedOfWhatHangs) {
  auto hung = loading();
  hung.seen.ending = {Ending::Kind::stuck, "why"};
  EXPECT_TRUE(wants_dissection(hung.test_case, hung.seen));
  Stream passed;
  passed.load().end().unloaded();
  passed.complete();
  EXPECT_FALSE(wants_dissection(passed.test_case, passed.seen));
  passed.add(wire::Autopsy{0, 3s, 0, {task(86, "abba_a", 'D', kMutexOf[0])}});
  EXPECT_TRUE(wants_dissection(passed.test_case, passed.seen));
}

}  // namespace
}  // namespace kmodtest::judge
