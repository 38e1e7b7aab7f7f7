// SPDX-License-Identifier: GPL-2.0-or-later
#include <chrono>
#include <gtest/gtest.h>
#include <limits>

#include "plan_text.hpp"

namespace kmodtest::plan {
namespace {

using namespace std::chrono_literals;

/// Returns the condition of a plan's only sched step, on four CPUs.
SchedCondition sched(const std::string &step) {
  const Plan plan = good("module: alpha\nguest: {cpus: 4}\nmatrix: {cpu: [last]}\nsteps:\n  - load\n  - " + step +
                         "\n  - ps: \"x${cpu}\"\n");
  if (plan.cases.empty()) return {};
  return plan.cases[0].steps.at(1).sched.value_or(SchedCondition{});
}

std::vector<std::string> wrong(const std::string &step) {
  return complaints("module: alpha\nguest: {cpus: 4}\nsteps:\n  - load\n  - " + step + "\n");
}

TEST(Sched, IsReadWhole) {
  const SchedCondition condition = sched(
      "sched: {thread: \"ex*\", count: 2, only_on: \"${cpu}\", runs_on_all: [0, 2-3], node: 1, migrations: 0, "
      "share: {cpu 2: 45..55%, \"cpu ${cpu}\": '>= 90%', cpus 0-1: 0%}, wakes_every: 1s ± 5%, "
      "latency: {wake_to_run: {p50: 1ms, p99: < 2ms, max: <= 5ms}}, since: action}");
  EXPECT_EQ(condition.thread, "ex*");
  EXPECT_EQ(condition.count, (wire::Range{2, 2}));
  EXPECT_EQ(condition.only_on, 0b1000u);
  EXPECT_EQ(condition.runs_on, 0b1101u);
  EXPECT_EQ(condition.node, 1);
  EXPECT_EQ(condition.migrations, (wire::Range{0, 0}));
  EXPECT_EQ(condition.shares,
            (std::vector<SchedCondition::Share>{
                {0b0100, {45, 55}}, {0b1000, {90, std::numeric_limits<std::int64_t>::max()}}, {0b0011, {0, 0}}}));
  EXPECT_EQ(condition.wakes, (SchedCondition::WakeInterval{950ms, 1050ms}));
  EXPECT_EQ(condition.latencies, (std::vector<SchedCondition::Latency>{{50, 1ms}, {99, 2ms}, {100, 5ms}}));
  EXPECT_EQ(condition.since, wire::LogScope::action);
}

TEST(Sched, LooksAtTheWholeCaseAndAtRunningThreadsUnlessToldOtherwise) {
  const SchedCondition condition = sched("sched: {never_together: [a, b]}");
  EXPECT_EQ(condition.since, wire::LogScope::start);
  EXPECT_EQ(condition.state, 'R');
  EXPECT_EQ(condition.never_together, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(sched("sched: {never_together: [a, b], in: sleeping}").state, 'S');
}

TEST(Sched, LetsTheGuestWaitAndSendTheTrace) {
  const Plan plan = good(with_steps("  - load\n  - sched: {thread: ex, only_on: 0, since: here, for: 3s}\n"));
  const Step &step = plan.cases.at(0).steps.at(1);
  EXPECT_EQ(step.key, "sched");
  EXPECT_EQ(step.guest->label, "sched ex");
  EXPECT_EQ(step.guest->hold_for, 3s);
  EXPECT_TRUE(std::holds_alternative<wire::SendTrace>(step.guest->body));
}

TEST(Sched, WhatIsWrongIsSaidWhereItStands) {
  const auto expect = [](const std::string &step, const std::string &complaint) {
    EXPECT_EQ(wrong(step), std::vector<std::string>{complaint}) << step;
  };
  expect("sched: {thread: ex}",
         "5:12: the sched step has no condition on the thread (give only_on, runs_on_all, node, migrations, share, "
         "wakes_every, latency or count)");
  expect("sched: {since: action}",
         "5:12: the sched step looks for nothing (give thread and only_on, or never_together)");
  expect("sched: {only_on: 1}", "5:12: the key 'thread' is missing (e.g. thread: my_thread)");
  expect("sched: {thread: ex, only_on: 4}", "5:34: the guest of this case has no CPU 4 (it has 4 CPUs: 0-3)");
  expect("sched: {thread: ex, runs_on_all: [0, 9]}", "5:42: the guest of this case has no CPU 9 (it has 4 CPUs: 0-3)");
  expect("sched: {thread: ex, only_on: []}", "5:34: the CPU list is empty (write it like 0, 0-3 or 0,2)");
  expect("sched: {thread: ex, share: {core 2: 5%}}",
         "5:33: 'core 2' is not a CPU (write it like 'cpu 2' or 'cpu 0-3')");
  expect("sched: {thread: ex, share: {cpu 2: much}}",
         "5:40: 'much' is not a share (write it like 45..55%, '>= 90%', '<= 5%' or 0%)");
  expect("sched: {thread: ex, share: {cpu 2: 120%}}", "5:40: the share '120%' is not between 0% and 100%");
  expect("sched: {thread: ex, share: {cpu 7: 20%}}", "5:33: the guest of this case has no CPU 7 (it has 4 CPUs: 0-3)");
  expect("sched: {thread: ex, wakes_every: 1s}", "5:38: the interval '1s' has no tolerance (write '1s ± 20%')");
  expect("sched: {thread: ex, latency: {wake_to_run: {p99: fast}}}",
         "5:54: 'fast' is not a duration (write it like 500ms, 1s, 1.5s, 2m or 100us)");
  expect("sched: {thread: ex, latency: {wake_to_run: {}}}",
         "5:48: 'wake_to_run' limits nothing (give p50, p90, p99 or max)");
  expect("sched: {thread: ex, count: 0, only_on: 1}",
         "5:44: 'only_on' cannot be combined with 'count: 0' (a thread that does not run has none)");
  expect("sched: {thread: ex, only_on: 1, in: sleeping}", "5:41: 'in' belongs to 'never_together', which is missing");
  expect("sched: {thread: ex, only_on: 1, since: here}",
         "5:44: with 'since: here' nothing has happened yet (set with 'for' how long to look)");
  expect("sched: {thread: ex, onyl_on: 1}", "5:25: unknown key 'onyl_on' (did you mean 'only_on'?)");
  expect("sched", "5:5: the step 'sched' needs a value (e.g. - sched: {thread: my_thread, only_on: 3})");
}

}  // namespace
}  // namespace kmodtest::plan
