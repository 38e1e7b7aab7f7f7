// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/sched/sched_trace.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "observe/sched/sched_figures.hpp"
#include "unit/observe/recorded_trace.hpp"

namespace kmodtest::observe {
namespace {

using namespace std::chrono_literals;
using Kind = SchedEvent::Kind;

/// Builds events by hand: CPUs 0 and 1, thread 50 by default, in nanoseconds.
class Events {
 public:
  Events() {
    add(Kind::forked, 1, 0, [](SchedEvent &e) { e.pid = 2, e.other = 50; });
  }
  Events &to(std::uint64_t time, std::int32_t cpu, std::string_view name = "worker") {
    return add(Kind::switched, time, cpu, [&](SchedEvent &e) { e.other = 50, e.other_name = name; });
  }
  Events &from(std::uint64_t time, std::int32_t cpu, std::int64_t state, std::string_view name = "worker") {
    return add(Kind::switched, time, cpu, [&](SchedEvent &e) { e.pid = 50, e.state = state, e.name = name; });
  }
  Events &wake(std::uint64_t time, std::int32_t cpu, Kind kind = Kind::woken) {
    return add(kind, time, cpu, [](SchedEvent &e) { e.pid = 50, e.name = "worker"; });
  }
  template <class Set>
  Events &add(Kind kind, std::uint64_t time, std::int32_t cpu, Set set) {
    SchedEvent event;
    event.kind = kind;
    event.time = time;
    event.cpu = cpu;
    set(event);
    builder_.add(event);
    return *this;
  }
  SchedTimeline finish(std::int64_t end) { return builder_.finish(Nanoseconds(end)); }

 private:
  SchedTimelineBuilder builder_{Nanoseconds(0)};
};

TEST(SchedTimeline, PutsSwitchesTogetherToStays) {
  Events events;
  events.wake(2, 0, Kind::started).to(3, 0, "kthreadd").from(4, 0, 2, "kthreadd");
  events.wake(10, 1).to(12, 1).from(20, 1, 0).to(25, 1).from(30, 1, 1);
  const SchedTimeline timeline = events.finish(100);
  ASSERT_EQ(timeline.threads.size(), 1u);
  const SchedThread &thread = timeline.threads[0];
  EXPECT_EQ(thread.pid, 50);
  EXPECT_EQ(thread.name, "worker");
  EXPECT_EQ(thread.begin, 1ns);
  EXPECT_EQ(thread.woken, 10ns);
  EXPECT_EQ(thread.end, 100ns);
  const std::vector<SchedRun> runs{{0, 3ns, 4ns, 'D'}, {1, 12ns, 20ns, 'R'}, {1, 25ns, 30ns, 'S'}};
  EXPECT_EQ(thread.runs, runs);
  const std::vector<SchedWake> wakes{{2ns, 0, 3ns}, {10ns, 1, 12ns}};
  EXPECT_EQ(thread.wakes, wakes);
}

TEST(SchedTimeline, EndsAThreadWhereItLeftDead) {
  Events events;
  events.wake(5, 0).to(6, 0).from(9, 0, 0x10);
  const SchedTimeline timeline = events.finish(100);
  EXPECT_EQ(timeline.threads[0].end, 9ns);
  EXPECT_EQ(timeline.threads[0].runs[0].left, 'X');
}

TEST(SchedTimeline, LetsAStayThatIsOpenEndWithTheTrace) {
  Events events;
  events.wake(5, 0).to(6, 0);
  EXPECT_EQ(events.finish(100).threads[0].runs, (std::vector<SchedRun>{{0, 6ns, 100ns, 'R'}}));
}

TEST(SchedTimeline, AThreadThatIsWokenWhileItRunsWaitedForNothing) {
  Events events;
  events.to(3, 0).wake(4, 0).from(6, 0, 1);
  EXPECT_EQ(events.finish(100).threads[0].wakes, (std::vector<SchedWake>{{4ns, 0, 4ns}}));
}

TEST(SchedTimeline, KnowsEveryStateByItsLetter) {
  const std::vector<std::pair<std::int64_t, char>> states{{0, 'R'},    {0x100, 'R'}, {1, 'S'},    {2, 'D'},
                                                          {4, 'T'},    {8, 't'},     {0x10, 'X'}, {0x20, 'Z'},
                                                          {0x40, 'P'}, {0x80, 'I'}};
  for (const auto &[state, letter] : states) {
    Events events;
    events.to(3, 0).from(4, 0, state);
    EXPECT_EQ(events.finish(9).threads[0].runs[0].left, letter) << state;
  }
}

TEST(SchedTimeline, HasChildrenOfItsThreadsAndNobodyElse) {
  Events events;
  events.add(Kind::forked, 5, 0, [](SchedEvent &e) { e.pid = 50, e.other = 51; });
  events.add(Kind::forked, 6, 0, [](SchedEvent &e) { e.pid = 1, e.other = 60; });
  events.add(Kind::switched, 7, 0, [](SchedEvent &e) { e.pid = 60, e.other = 51, e.other_name = "child"; });
  const SchedTimeline timeline = events.finish(9);
  ASSERT_EQ(timeline.threads.size(), 2u);
  EXPECT_EQ(timeline.threads[1].pid, 51);
  EXPECT_EQ(timeline.threads[1].name, "child");
}

TEST(SchedTimeline, APidThatComesAgainIsAnotherThread) {
  Events events;
  events.to(3, 0);
  events.add(Kind::forked, 5, 0, [](SchedEvent &e) { e.pid = 2, e.other = 50; });
  events.to(7, 1);
  const SchedTimeline timeline = events.finish(9);
  ASSERT_EQ(timeline.threads.size(), 2u);
  EXPECT_EQ(timeline.threads[1].runs, (std::vector<SchedRun>{{1, 7ns, 9ns, 'R'}}));
}

TEST(SchedTimeline, HasMigrationsNamesAndCpusThatComeAndGo) {
  Events events;
  events.add(Kind::migrated, 5, 0, [](SchedEvent &e) { e.pid = 50, e.from = 0, e.to = 1; });
  events.add(Kind::renamed, 6, 0, [](SchedEvent &e) { e.pid = 50, e.name = "later"; });
  events.add(Kind::cpu_turns, 7, 3, [](SchedEvent &e) { e.from = 235, e.to = 0; });
  events.add(Kind::cpu_turns, 8, 3, [](SchedEvent &e) { e.from = 235, e.to = 238; });
  const SchedTimeline timeline = events.finish(9);
  EXPECT_EQ(timeline.threads[0].migrations, (std::vector<SchedMigration>{{5ns, 0, 1}}));
  EXPECT_EQ(timeline.threads[0].name, "later");
  EXPECT_EQ(timeline.changes, (std::vector<CpuChange>{{7ns, 3, false}, {8ns, 3, true}}));
}

TEST(SchedTrace, OfARecordedCaseHasItsThreads) {
  const auto timeline = read_sched_trace(recorded_trace("two-threads-6.1"));
  ASSERT_TRUE(timeline.has_value());
  EXPECT_EQ(timeline->cpus, 2);
  EXPECT_EQ(timeline->lost, 0u);
  ASSERT_EQ(timeline->threads.size(), 2u);
  const SchedThread &first = timeline->threads[0];
  EXPECT_EQ(first.name, "ex7_3 thread 1");
  EXPECT_EQ(first.begin, 14005265756ns);
  EXPECT_EQ(first.end, 17064194628ns);
  EXPECT_EQ(first.runs.back().left, 'X');
  EXPECT_EQ(timeline->threads[1].migrations.size(), 1u);
}

TEST(SchedTrace, OfARecordedCaseHasTheCpuThatWent) {
  const auto timeline = read_sched_trace(recorded_trace("hotplug-6.1"));
  ASSERT_TRUE(timeline.has_value());
  EXPECT_EQ(timeline->changes, (std::vector<CpuChange>{{14024070617ns, 3, false}, {14125172109ns, 3, true}}));
  ASSERT_EQ(timeline->threads.size(), 1u);
  // It began on another CPU than the one that it was bound to after that.
  const SchedThread own = clip(timeline->threads[0], {timeline->begin, timeline->end});
  ASSERT_GT(timeline->threads[0].runs.size(), own.runs.size());
  for (const SchedRun &run : own.runs) EXPECT_EQ(run.cpu, 3);
}

std::string problem_of(const std::vector<wire::AgentMessage> &reports) {
  try {
    read_sched_trace(reports);
  } catch (const base::Error &error) {
    return error.what();
  }
  return "no error";
}

TEST(SchedTrace, IsNothingWhereNoneWasAskedFor) {
  EXPECT_FALSE(read_sched_trace({}).has_value());
  EXPECT_FALSE(read_sched_trace({wire::StepStarted{}}).has_value());
}

TEST(SchedTrace, TellsWhatTheKernelsBuffersLost) {
  auto reports = recorded_trace("two-threads-6.1");
  std::get<wire::TraceChecked>(reports.back()) = {17s, 12, true};
  const auto timeline = read_sched_trace(reports);
  EXPECT_EQ(timeline->lost, 12u);
  EXPECT_TRUE(timeline->full);
}

TEST(SchedTrace, ThatCannotBeReadIsAnError) {
  wire::TraceStarted started;
  started.error = "no tracefs";
  EXPECT_EQ(problem_of({started}), "the guest cannot trace its scheduler: no tracefs");
  started.error.clear();
  EXPECT_EQ(problem_of({started}), "the guest's format of the event sched_switch cannot be used: it is missing");
  auto reports = recorded_trace("two-threads-6.1");
  for (auto &report : reports) {
    if (auto *pages = std::get_if<wire::TracePages>(&report)) pages->pages[0].resize(20);
  }
  EXPECT_NE(problem_of(reports).find("trace is damaged: it claims to have"), std::string::npos) << problem_of(reports);
  reports = recorded_trace("two-threads-6.1");
  for (auto &report : reports) {
    auto *begun = std::get_if<wire::TraceStarted>(&report);
    if (begun != nullptr) begun->formats[0].replace(begun->formats[0].find("prev_state"), 10, "renamed_to");
  }
  EXPECT_EQ(problem_of(reports),
            "the guest's format of the event sched_switch cannot be used: it has no field prev_state");
}

TEST(SchedFigures, ClipLeavesOutWhatTheKernelDidBeforeTheFirstWakeUp) {
  SchedThread thread;
  thread.woken = 10ns;
  thread.runs = {{0, 3ns, 4ns, 'D'}, {1, 8ns, 12ns, 'S'}, {1, 20ns, 30ns, 'S'}};
  thread.wakes = {{2ns, 0, 3ns}, {10ns, 1, 10ns}, {18ns, 1, 20ns}};
  thread.migrations = {{9ns, 0, 1}};
  const SchedThread all = clip(thread, {0ns, 100ns});
  EXPECT_EQ(all.runs, (std::vector<SchedRun>{{1, 10ns, 12ns, 'S'}, {1, 20ns, 30ns, 'S'}}));
  EXPECT_EQ(all.wakes.size(), 2u);
  EXPECT_TRUE(all.migrations.empty());
  const SchedThread part = clip(thread, {19ns, 25ns});
  EXPECT_EQ(part.runs, (std::vector<SchedRun>{{1, 20ns, 25ns, 'R'}}));
  EXPECT_TRUE(part.wakes.empty());
  thread.woken = 0ns;
  EXPECT_TRUE(clip(thread, {0ns, 100ns}).runs.empty());
}

TEST(SchedFigures, PercentileIsTheNearestRank) {
  EXPECT_FALSE(percentile({}, 99).has_value());
  EXPECT_EQ(percentile({5ns}, 1), 5ns);
  const std::vector<Nanoseconds> four{1ns, 2ns, 3ns, 4ns};
  EXPECT_EQ(percentile(four, 50), 2ns);
  EXPECT_EQ(percentile(four, 51), 3ns);
  EXPECT_EQ(percentile(four, 100), 4ns);
}

TEST(SchedFigures, LatenciesAreThoseOfWakeUpsThatWereFollowedByARun) {
  SchedThread thread;
  thread.wakes = {{2ns, 0, 12ns}, {20ns, 1, 21ns}, {30ns, 1, 0ns}};
  EXPECT_EQ(wake_latencies(thread), (std::vector<Nanoseconds>{1ns, 10ns}));
}

}  // namespace
}  // namespace kmodtest::observe
