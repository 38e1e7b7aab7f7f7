// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/formats/sched_json.hpp"

#include <gtest/gtest.h>

#include "report/formats/agent_message_json.hpp"
#include "text/json.hpp"

namespace kmodtest::report {
namespace {

using namespace std::chrono_literals;

TEST(SchedJson, HasWhatEachThreadCameToAndNoneOfItsEvents) {
  observe::SchedThread thread;
  thread.pid = 50;
  thread.name = "ex7_4";
  thread.begin = 10s;
  thread.woken = 10s + 1ms;
  thread.end = 20s;
  thread.runs = {{0, 10s, 10s + 500us, 'D'}, {3, 11s, 11s + 3ms, 'S'}, {1, 12s, 12s + 1ms, 'S'}};
  thread.wakes = {{10s + 1ms, 3, 10s + 2ms}, {12s, 1, 12s + 4ms}, {15s, 1, 0s}};
  thread.migrations = {{12s, 3, 1}};
  observe::SchedTimeline timeline;
  timeline.begin = 9s;
  timeline.end = 30s;
  timeline.cpus = 4;
  timeline.threads = {thread};
  timeline.changes = {{13s, 2, false}};
  timeline.lost = 7;
  const auto wanted = nlohmann::ordered_json::parse(R"({
    "begin": 9.0, "end": 30.0, "cpus": 4, "lost": 7, "full": false,
    "threads": [{"pid": 50, "name": "ex7_4", "begin": 10.0, "end": 20.0,
                 "cpus": {"1": {"runs": 1, "time": 0.001, "share": 0.25}, "3": {"runs": 1, "time": 0.003, "share": 0.75}},
                 "wakes": 3, "migrations": 1,
                 "wake_to_run": {"p50": 0.001, "p99": 0.004, "max": 0.004}}],
    "changes": [{"time": 13.0, "cpu": 2, "online": false}]})");
  EXPECT_EQ(sched_json(timeline), wanted) << sched_json(timeline).dump(1);
}

TEST(SchedJson, OfAThreadThatWasNeverWokenHasNoTimes) {
  observe::SchedTimeline timeline;
  timeline.threads.emplace_back();
  timeline.threads[0].runs = {{0, 10s, 11s, 'D'}};
  const auto json = sched_json(timeline);
  EXPECT_TRUE(json["threads"][0]["cpus"].empty());
  EXPECT_TRUE(json["threads"][0]["wake_to_run"].is_null());
}

TEST(SchedJson, PagesOfATraceAreCountedNotPrinted) {
  EXPECT_EQ(agent_message_json(wire::TracePages{3, {"ab", "cde"}}),
            R"({"report":"TracePages","cpu":3,"pages":2,"bytes":5})");
  EXPECT_EQ(agent_message_json(wire::TraceChecked{2s, 4, true}),
            R"({"report":"TraceChecked","time":2.0,"lost":4,"full":true})");
}

}  // namespace
}  // namespace kmodtest::report
