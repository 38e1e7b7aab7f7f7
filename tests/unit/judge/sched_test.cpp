// SPDX-License-Identifier: GPL-2.0-or-later
#include <gtest/gtest.h>

#include "judge/observations.hpp"
#include "judge/steps/sched_check.hpp"
#include "unit/judge/stream.hpp"

namespace kmodtest::judge {
namespace {

using namespace std::chrono_literals;
using observe::SchedThread;
using observe::SchedTimeline;
using plan::SchedCondition;

/// Returns a thread that appeared at 10 s, was woken right after, and runs for 1 ms each second from then on, `times`
/// times.
SchedThread ticking(std::int32_t pid, std::string name, std::int32_t cpu, int times = 5) {
  SchedThread thread;
  thread.pid = pid;
  thread.name = std::move(name);
  thread.begin = 10s;
  thread.woken = 10s + 10us;
  thread.end = 30s;
  // The thread's own beginning, on any CPU.
  thread.runs.push_back({0, 10s + 1us, 10s + 5us, 'D'});
  thread.wakes.push_back({10s, 0, 10s + 1us});
  for (int i = 0; i < times; ++i) {
    const observe::Nanoseconds time = 10s + 10us + i * 1s;
    thread.wakes.push_back({time, cpu, time + 40us});
    thread.runs.push_back({cpu, time + 40us, time + 1040us, 'S'});
  }
  return thread;
}

SchedTimeline timeline_of(std::vector<SchedThread> threads) {
  SchedTimeline timeline;
  timeline.begin = 9s;
  timeline.end = 30s;
  timeline.cpus = 4;
  timeline.threads = std::move(threads);
  return timeline;
}

const std::vector<wire::NodeRecord> kNodes{{0, "0-1", 1000}, {1, "2-3", 1000}};

std::string fault_of(const SchedCondition &condition, std::vector<SchedThread> threads,
                     observe::SchedWindow window = {9s, 30s}) {
  const auto fault = check_sched(condition, timeline_of(std::move(threads)), window, kNodes);
  return fault ? fault->why : "none";
}

SchedCondition about(std::string thread) {
  SchedCondition condition;
  condition.thread = std::move(thread);
  return condition;
}

TEST(SchedCheck, OnlyOnHoldsForAThreadThatKeepsToItsCpu) {
  SchedCondition condition = about("ex");
  condition.only_on = 0b1000;
  EXPECT_EQ(fault_of(condition, {ticking(50, "ex", 3)}), "none");  // the beginning on CPU 0 does not count
  condition.only_on = 0b1010;
  EXPECT_EQ(fault_of(condition, {ticking(50, "ex", 3)}), "none");
}

TEST(SchedCheck, OnlyOnSeesOneShortStayElsewhere) {
  SchedCondition condition = about("ex");
  condition.only_on = 0b1000;
  SchedThread thread = ticking(50, "ex", 3, 3);
  thread.runs.insert(thread.runs.begin() + 2, {1, 10s + 500ms, 10s + 501ms, 'R'});
  EXPECT_EQ(fault_of(condition, {thread}), "ex (50) ran on CPU 1 for 1.000 ms, at 10.500000");
  // If there are several, the first by time counts.
  SchedThread other = ticking(51, "ex", 2, 3);
  EXPECT_EQ(fault_of(condition, {thread, other}), "ex (51) ran on CPU 2 for 1.000 ms, at 10.000050");
}

TEST(SchedCheck, AThreadThatIsNotThereOrNeverRanIsNoPass) {
  SchedCondition condition = about("ex");
  condition.only_on = 0b1000;
  EXPECT_EQ(fault_of(condition, {}), "no thread matches 'ex'; no kernel thread came up in the case");
  EXPECT_EQ(fault_of(condition, {ticking(50, "other", 3)}), "no thread matches 'ex'; new kernel threads: other");
  EXPECT_EQ(fault_of(condition, {ticking(50, "ex", 3, 0)}), "ex (50) never ran");
  SchedThread unwoken = ticking(50, "ex", 3, 2);
  unwoken.woken = 0s;
  EXPECT_EQ(fault_of(condition, {unwoken}), "ex (50) never ran");
  // In a part of the case in which it did not.
  EXPECT_EQ(fault_of(condition, {ticking(50, "ex", 3)}, {20s, 30s}), "ex (50) never ran");
}

TEST(SchedCheck, CountIsOfThreadsThatRan) {
  SchedCondition condition = about("ex*");
  condition.count = wire::Range{1, 1};
  EXPECT_EQ(fault_of(condition, {ticking(50, "ex 1", 3), ticking(51, "ex 2", 3, 0)}), "none");
  EXPECT_EQ(fault_of(condition, {ticking(50, "ex 1", 3), ticking(51, "ex 2", 3)}), "2 of the threads 'ex*' ran");
  condition.count = wire::Range{0, 0};
  EXPECT_EQ(fault_of(condition, {ticking(50, "ex 1", 3)}, {20s, 30s}), "none");
  EXPECT_EQ(fault_of(condition, {ticking(50, "ex 1", 3)}), "1 of the threads 'ex*' ran");
}

TEST(SchedCheck, ANameLongerThanTheTraceHasMatchesTheCutOne) {
  SchedCondition condition = about("kthread_park thread1*");
  condition.only_on = 0b1000;
  EXPECT_EQ(fault_of(condition, {ticking(50, "kthread_park th", 3)}), "none");
  EXPECT_EQ(fault_of(condition, {ticking(50, "kthread_park thread2 example", 3)}),
            "no thread matches 'kthread_park thread1*'; new kernel threads: kthread_park thread2 example");
}

TEST(SchedCheck, NodeStandsForItsCpus) {
  SchedCondition condition = about("ex");
  condition.node = 1;
  EXPECT_EQ(fault_of(condition, {ticking(50, "ex", 2)}), "none");
  EXPECT_EQ(fault_of(condition, {ticking(50, "ex", 1)}), "ex (50) ran on CPU 1 for 1.000 ms, at 10.000050");
  condition.node = 2;
  EXPECT_EQ(fault_of(condition, {ticking(50, "ex", 1)}), "the guest has no NUMA node 2");
}

TEST(SchedCheck, RunsOnAllIsWhatTheThreadsDoTogether) {
  SchedCondition condition = about("ex*");
  condition.runs_on = 0b1100;
  EXPECT_EQ(fault_of(condition, {ticking(50, "ex 1", 2), ticking(51, "ex 2", 3)}), "none");
  condition.runs_on = 0b1111;
  EXPECT_EQ(fault_of(condition, {ticking(50, "ex 1", 2), ticking(51, "ex 2", 3)}), "none of it ran on CPU 0-1");
}

TEST(SchedCheck, MigrationsCountFromTheFirstWakeUp) {
  SchedCondition condition = about("ex");
  condition.migrations = wire::Range{0, 0};
  SchedThread thread = ticking(50, "ex", 2);
  thread.migrations = {{10s + 2us, 0, 2}};
  EXPECT_EQ(fault_of(condition, {thread}), "none");
  thread.migrations.push_back({11s, 2, 3});
  EXPECT_EQ(fault_of(condition, {thread}),
            "ex (50) was moved 1 times to another CPU, at 11.000000 from CPU 2 to CPU 3");
  condition.migrations = wire::Range{2, 5};
  EXPECT_EQ(fault_of(condition, {thread}), "ex (50) was moved 1 times to another CPU");
}

TEST(SchedCheck, ShareIsOfTheTimeOfAll) {
  SchedCondition condition = about("ex*");
  condition.shares = {{0b0100, {45, 55}}};
  EXPECT_EQ(fault_of(condition, {ticking(50, "ex 1", 2), ticking(51, "ex 2", 3)}), "none");
  EXPECT_EQ(fault_of(condition, {ticking(50, "ex 1", 2, 5), ticking(51, "ex 2", 3, 1)}),
            "83.3% of the time was on CPU 2 (5.000 ms of 6.000 ms)");
  condition.shares = {{0b0100, {100, 100}}};
  EXPECT_EQ(fault_of(condition, {ticking(50, "ex 1", 2)}), "none");
  condition.shares = {{0b1000, {0, 0}}};
  EXPECT_EQ(fault_of(condition, {ticking(50, "ex 1", 2)}), "none");
}

TEST(SchedCheck, WakesEveryLooksAtEachGap) {
  SchedCondition condition = about("ex");
  condition.wakes = {{950ms, 1050ms}};
  EXPECT_EQ(fault_of(condition, {ticking(50, "ex", 2)}), "none");
  EXPECT_EQ(fault_of(condition, {ticking(50, "ex", 2, 1)}), "ex (50) was woken only once");
  SchedThread late = ticking(50, "ex", 2);
  late.wakes[3].time += 100ms;
  EXPECT_EQ(fault_of(condition, {late}), "ex (50) was woken 1.100 s after the time before, at 12.100010");
}

TEST(SchedCheck, LatencyIsFromWakeUpToCpu) {
  SchedCondition condition = about("ex");
  condition.latencies = {{50, 40us}, {100, 40us}};
  EXPECT_EQ(fault_of(condition, {ticking(50, "ex", 2)}), "none");
  SchedThread late = ticking(50, "ex", 2);
  late.wakes[3].ran = late.wakes[3].time + 3ms;
  EXPECT_EQ(fault_of(condition, {late}),
            "ex (50) waited 3.000 ms (max of 5 wake-ups), longest 3.000 ms on CPU 2, from 12.000010");
  // A thread that never got a CPU waited until the trace ended.
  late.wakes[3].ran = 0s;
  condition.latencies = {{100, 5s}};
  EXPECT_EQ(fault_of(condition, {late}),
            "ex (50) waited 18.000 s (max of 5 wake-ups), longest 18.000 s on CPU 2, from 12.000010");
}

TEST(SchedCheck, NeverTogetherIsAboutTimeOnCpus) {
  SchedCondition condition;
  condition.never_together = {"a", "b"};
  SchedThread a = ticking(50, "a", 2);
  SchedThread b = ticking(51, "b", 3);
  EXPECT_EQ(fault_of(condition, {a, b}),
            "a (50) (CPU 2) and b (51) (CPU 3) were both running for 1.000 ms, at 10.000050");
  for (auto &run : b.runs) run.begin += 2ms, run.end += 2ms;
  EXPECT_EQ(fault_of(condition, {a, b}), "none");
  EXPECT_EQ(fault_of(condition, {a}), "no thread matches 'b'; new kernel threads: a");
  EXPECT_EQ(fault_of(condition, {a, ticking(51, "b", 3, 0)}), "b (51) was never running");
  condition.never_together = {"a*"};
  EXPECT_EQ(fault_of(condition, {a, b}), "there is only one such thread, a (50)");
  b.name = "a2";
  EXPECT_EQ(fault_of(condition, {a, b}), "none");
}

TEST(SchedCheck, NeverTogetherSeesAShortStayWithinALongOne) {
  SchedCondition condition;
  condition.never_together = {"a", "b"};
  SchedThread a = ticking(50, "a", 2, 0), b = ticking(51, "b", 3, 0);
  a.runs.push_back({2, 11s, 20s, 'S'});
  b.runs.push_back({3, 20s, 21s, 'S'});
  EXPECT_EQ(fault_of(condition, {a, b}), "none");  // one arrives in the moment in which the other leaves
  b.runs.insert(b.runs.end() - 1, {3, 15s, 15s + 1us, 'S'});
  EXPECT_EQ(fault_of(condition, {a, b}),
            "a (50) (CPU 2) and b (51) (CPU 3) were both running for 1.000 µs, at 15.000000");
}

TEST(SchedCheck, NeverTogetherCanBeAboutSleep) {
  SchedCondition condition;
  condition.never_together = {"a", "b"};
  condition.state = 'S';
  SchedThread a = ticking(50, "a", 2, 0), b = ticking(51, "b", 3, 0);
  a.runs.push_back({2, 11s, 12s, 'S'});
  a.wakes.push_back({15s, 2, 16s});
  a.runs.push_back({2, 16s, 17s, 'D'});
  b.runs.push_back({3, 14s, 15s, 'S'});  // asleep from the moment on in which the other is woken
  b.wakes.push_back({19s, 3, 19s});
  b.runs.push_back({3, 19s, 20s, 'D'});
  EXPECT_EQ(fault_of(condition, {a, b}), "none");
  b.runs[b.runs.size() - 2].end = 14s + 999ms;
  EXPECT_EQ(fault_of(condition, {a, b}),
            "a (50) (CPU 2) and b (51) (CPU 3) were both sleeping for 1.000 ms, at 14.999000");
  b.runs[b.runs.size() - 2].left = 'D';
  EXPECT_EQ(fault_of(condition, {a, b}), "b (51) was never sleeping");
}

TEST(SchedCheck, RendersWhereThreadsRan) {
  SchedCondition condition = about("ex*");
  EXPECT_EQ(render_sched(condition, timeline_of({ticking(50, "ex 1", 2), ticking(51, "ex 2", 1, 0)}), {9s, 30s}),
            "ex 1 (50): CPU 2 5 times, 5.000 ms; 5 wake-ups, 0 migrations\n"
            "ex 2 (51): did not run; 0 wake-ups, 0 migrations");
}

// ---- the step in a case ---------------------------------------------------------------------------------------------

class SchedStep : public testing::Stream {
 public:
  explicit SchedStep(const SchedThread &thread) : timeline(timeline_of({thread})) {
    at(9s).load().end();
    at(10s).log("Thread started").at(11s).log("second round").at(12s).log("third round");
  }
  SchedStep &look(SchedCondition condition, bool sent = true) {
    at(20s).begin(wire::SendTrace{});
    test_case.steps.back().sched = std::move(condition);
    if (sent) add(wire::TraceChecked{20s, 0, false});
    end();
    return *this;
  }
  Verdict judged() {
    if (!untraced) seen.sched = std::make_shared<SchedTimeline>(timeline);
    at(21s).unloaded();
    return complete();
  }
  SchedTimeline timeline;
  bool untraced = false;
};

SchedCondition only_on(std::uint64_t cpus) {
  SchedCondition condition = about("ex");
  condition.only_on = cpus;
  return condition;
}

TEST(SchedStepOfACase, PassesWhereTheTraceHoldsWhatIsAsked) {
  const Verdict verdict = SchedStep(ticking(50, "ex", 3)).look(only_on(0b1000)).judged();
  EXPECT_EQ(verdict.outcome, Outcome::passed);
}

TEST(SchedStepOfACase, FailsWithWhereItRanAndTheLogAround) {
  const Verdict verdict = SchedStep(ticking(50, "ex", 3)).look(only_on(0b0010)).judged();
  ASSERT_EQ(verdict.outcome, Outcome::failed);
  const Evidence &evidence = verdict.evidence.at(0);
  EXPECT_EQ(evidence.summary, "ex (50) ran on CPU 3 for 1.000 ms, at 10.000050");
  EXPECT_EQ(evidence.expected, "only on CPU 1");
  EXPECT_EQ(evidence.seen, "ex (50): CPU 3 5 times, 5.000 ms; 5 wake-ups, 0 migrations");
  ASSERT_GE(evidence.details.size(), 2u);
  EXPECT_NE(evidence.details[2].find("Thread started"), std::string::npos) << evidence.details[2];
}

TEST(SchedStepOfACase, LooksAtItsPartOfTheCaseOnly) {
  SchedThread thread = ticking(50, "ex", 3);
  thread.runs.push_back({1, 25s, 26s, 'S'});  // after the step
  EXPECT_EQ(SchedStep(thread).look(only_on(0b1000)).judged().outcome, Outcome::passed);
  thread = ticking(50, "ex", 3);
  SchedCondition condition = only_on(0b1000);
  condition.since = wire::LogScope::here;
  EXPECT_EQ(SchedStep(thread).look(condition).judged().evidence.at(0).summary, "ex (50) never ran");
}

TEST(SchedStepOfACase, IsErroredWhereEventsWereLost) {
  SchedStep step(ticking(50, "ex", 3));
  step.timeline.lost = 3;
  const Verdict verdict = step.look(only_on(0b1000)).judged();
  EXPECT_EQ(verdict.outcome, Outcome::errored);
  EXPECT_EQ(verdict.evidence.at(0).summary, "the trace of the scheduler lost 3 events: nothing is proven");
  EXPECT_EQ(verdict.evidence.at(0).hint,
            "threads switched faster than the guest's agent could record it; make them switch less often");
}

TEST(SchedStepOfACase, IsErroredWhereTheTraceWasTooLong) {
  SchedStep step(ticking(50, "ex", 3));
  step.timeline.full = true;
  const Verdict verdict = step.look(only_on(0b1000)).judged();
  EXPECT_EQ(verdict.outcome, Outcome::errored);
  EXPECT_EQ(verdict.evidence.at(0).summary, "the trace of the scheduler is longer than 8 MiB: nothing is proven");
}

TEST(SchedStepOfACase, IsErroredWithoutAWholeTrace) {
  SchedStep unread(ticking(50, "ex", 3));
  unread.untraced = true;
  unread.seen.sched_problem = "a page is damaged";
  Verdict verdict = unread.look(only_on(0b1000)).judged();
  EXPECT_EQ(verdict.outcome, Outcome::errored);
  EXPECT_EQ(verdict.evidence.at(0).summary, "the trace of the scheduler cannot be read: a page is damaged");
  SchedStep untraced(ticking(50, "ex", 3));
  untraced.untraced = true;
  EXPECT_EQ(untraced.look(only_on(0b1000)).judged().outcome, Outcome::errored);
  SchedStep unsent(ticking(50, "ex", 3));
  verdict = unsent.look(only_on(0b1000), false).judged();
  EXPECT_EQ(verdict.outcome, Outcome::errored);
  EXPECT_EQ(verdict.evidence.at(0).summary, "the trace of the scheduler did not arrive");
}

}  // namespace
}  // namespace kmodtest::judge
