// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "judge/observations.hpp"
#include "observe/sched/sched.hpp"
#include "support/sample_case.hpp"

/// A run with every event that a listener can receive. The texts of its guests and plans try to break out of the output
/// format.
namespace kmodtest::support {

/// Returns a text that ends whatever HTML, XML, Markdown and KTAP are in the middle of, and begins something else.
inline std::string hostile() {
  return "</pre></code></details>]]><script>alert(1)</script> & &amp; <!-- @everyone #1 | **b** `x` ``` "
         "[a](javascript:b) "
         "http://example.test $x$ :tada: # SKIP \x1b[31m \x01 \xff \xe2\x80\xae";
}

/// Returns lines that have a meaning in KTAP, XML and Markdown.
inline std::vector<wire::KernelLogLine> hostile_log() {
  std::vector<wire::KernelLogLine> log = {marker(1000, "step 1: load " + hostile()), line(1100, hostile())};
  for (const char *text : {"ok 1 nothing went wrong", "KTAP version 1", "1..9", "# Subtest: another", "Bail out!",
                           "Kernel panic - not syncing: VFS: Unable to mount root fs", "reboot: System halted",
                           "List of all partitions:", "```", "# heading", "- item", "</pre>", "]]>", ""}) {
    log.push_back(line(1200, text));
  }
  return log;
}

inline outcome::CaseFinished numbered(outcome::CaseFinished finished, std::size_t number) {
  finished.number = number;
  for (outcome::CaseFinished &earlier : finished.earlier) earlier.number = number;
  return finished;
}

/// Returns observations with everything that they can contain except for the log.
inline std::shared_ptr<const judge::Observations> seen_in_full() {
  auto made = std::make_shared<judge::Observations>(*seen(hostile_log()));
  judge::Dissection dissection;
  judge::TaskSeen task;
  task.pid = 71;
  task.name = "ex7_4";
  task.state = 'D';
  task.frames = {"mutex_lock+0x12 [ex7_4]", "? " + hostile()};
  judge::CpuSeen cpu;
  cpu.task = task;
  dissection.cpus = {cpu};
  dissection.tasks = {task};
  dissection.locks = {{71, 72, 0xffff888001234567}};
  dissection.problem = hostile();
  made->dissection = dissection;
  observe::SchedTimeline timeline;
  observe::SchedThread woken, asleep;
  woken.name = hostile();
  woken.runs = {{0, std::chrono::seconds(1), std::chrono::seconds(2), 'S'}};
  woken.wakes = {{std::chrono::seconds(1), 0, std::chrono::seconds(1) + std::chrono::microseconds(5)}};
  woken.begin = woken.woken = std::chrono::seconds(1);
  woken.end = timeline.end = std::chrono::seconds(3);
  timeline.cpus = 2;
  timeline.threads = {woken, asleep};
  timeline.changes = {{std::chrono::seconds(2), 1, false}};
  made->sched = std::make_shared<const observe::SchedTimeline>(timeline);
  return made;
}

/// Returns the cases of every_kind(), in the order of the plans; the last one does not run.
inline const std::vector<std::shared_ptr<const plan::Case>> &every_case() {
  static const std::vector<std::shared_ptr<const plan::Case>> kCases = {
      make_case("a", 1), make_case("a", 2),       make_case("a", 4),  make_case("b", 1), make_case("b", 2),
      make_case("b", 4), make_case("b", 8),       make_case("c", 1),  make_case("d", 1), make_case("d", 2),
      make_case("d", 4), make_case(hostile(), 1), make_case("- #", 1)};
  return kCases;
}

inline std::vector<outcome::Event> every_kind() {
  using judge::Outcome;
  const auto &planned = every_case();
  const outcome::RunStarted started{planned.size(), 2, "libvirt 11.3.0, QEMU 10.0.2 " + hostile(), 1, 42};

  std::vector<outcome::CaseFinished> cases;
  const auto add = [&](Outcome outcome, const std::string &summary) -> outcome::CaseFinished & {
    const std::size_t number = cases.size();
    cases.push_back(numbered(finished(planned[number], outcome, summary), number));
    return cases.back();
  };
  outcome::CaseFinished &passed = add(Outcome::passed, "");
  passed.digest = std::string(64, 'a');
  passed.artifacts = "out/a";
  outcome::CaseFinished unlike = passed;
  unlike.digest = std::string(64, 'b');
  passed.unlike = std::make_shared<const outcome::CaseFinished>(unlike);
  outcome::CaseFinished failed = full_failure();
  failed.test_case = planned[1];
  failed.verdict.evidence.front().trace = {"#0 ex_stop+0x4 [ex7_4]  ex7_4.c:12  kthread_stop(t);", hostile()};
  failed.verdict.evidence.front().seen = hostile() + "\n" + hostile();
  cases.push_back(numbered(failed, 1));
  add(Outcome::crashed, hostile()).seen = seen(hostile_log());
  add(Outcome::hung, "# SKIP soft lockup").seen = seen_in_full();
  auto no_trace = std::make_shared<judge::Observations>();
  no_trace->sched_problem = hostile();
  no_trace->console = hostile() + "\n";
  add(Outcome::leaked, "thread 'ex7_4' is left").seen = no_trace;
  add(Outcome::errored, "SKIP this # SKIP").build_log = hostile();
  add(Outcome::skipped, hostile());
  add(Outcome::skipped, "too slow here");
  outcome::CaseFinished &flaky = add(Outcome::passed, "");
  outcome::CaseFinished attempt = numbered(finished(planned[8], Outcome::hung, hostile()), 8);
  attempt.seen = seen_in_full();
  flaky.attempt = 2;
  flaky.earlier = {attempt};
  outcome::CaseFinished expected = passed_as_expected();
  expected.test_case = planned[9];
  cases.push_back(numbered(expected, 9));
  outcome::CaseFinished &never = add(Outcome::hung, "stuck");
  outcome::CaseFinished broke = numbered(finished(planned[10], Outcome::errored, hostile()), 10);
  never.attempt = 2;
  never.earlier = {broke};
  add(Outcome::failed, "ok 1 said the module");

  std::vector<outcome::Event> events = {started, outcome::Notice{hostile()}, outcome::CaseStarted{planned[0]},
                                        outcome::CaseProgress{planned[0], "step 1/7: " + hostile()}};
  events.emplace_back(outcome::CaseRetried{cases[8].earlier.front(), 2});
  events.emplace_back(outcome::CaseRetried{cases[10].earlier.front(), 2});
  // The events arrive in the order in which the cases end, which differs from that of the plans.
  for (std::size_t index = cases.size(); index > 0; --index) events.emplace_back(cases[index - 1]);
  events.emplace_back(outcome::Tick{});
  outcome::RunFinished end = run_finished({2, 2, 1, 2, 1, 1, 2}, 1);
  end.flaky = 1;
  events.emplace_back(end);
  return events;
}

/// Returns one agent message of each kind. Some of those that hold lists have something in them.
inline std::vector<wire::AgentMessage> every_report() {
  std::vector<wire::AgentMessage> reports;
  [&]<std::size_t... kIndex>(std::index_sequence<kIndex...>) {
    (reports.emplace_back(std::in_place_index<kIndex>), ...);
  }
  (std::make_index_sequence<std::variant_size_v<wire::AgentMessage>>());
  wire::ThreadRecord thread;
  thread.name = hostile();
  wire::ModuleRecord module;
  module.users = -1;
  module.used_by = {hostile()};
  wire::Inventory inventory;
  inventory.threads = {thread};
  inventory.modules = {module};
  inventory.new_entries = inventory.lost_entries = {hostile()};
  inventory.majors = {{true, 240, "ex"}};
  inventory.timers = {{true, 0xffffffffc0000000, 0, "ex_tick"}, {false, 1, 2, ""}};
  inventory.vmalloc = {{8192, 0xffffffffc0000000}};
  inventory.settings = {{"/proc/sys/kernel/panic", "0", "5"}};
  reports.emplace_back(wire::LogLines{hostile_log(), 3});
  reports.emplace_back(wire::Baseline{inventory});
  reports.emplace_back(wire::AfterUnload{4, inventory});
  reports.emplace_back(wire::Threads{1, {}, {thread}});
  reports.emplace_back(wire::Modules{1, {}, {module}});
  reports.emplace_back(wire::Autopsy{1, {}, 71, {{thread, "[<0>] msleep+0x2d/0x40\n"}}});
  reports.emplace_back(wire::MemoryCounted{1, {}, 10, {{"kmalloc-64", true, 64, -3}}});
  reports.emplace_back(wire::TraceStarted{{}, {0, 1}, "", {}, ""});
  for (const auto result : {wire::StepResult::violated, wire::StepResult::expired, wire::StepResult::refused}) {
    wire::StepEnded ended;
    ended.result = result;
    reports.emplace_back(ended);
  }
  return reports;
}

}  // namespace kmodtest::support
