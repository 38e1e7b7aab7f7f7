// SPDX-License-Identifier: GPL-2.0-or-later
// Writes a report of cases that never ran, for the tests in a browser and for measuring: every outcome, every kind of
// mark on the timeline, and texts that try to break out. The same arguments give the same cases.
//
//   sample_report FILE [CASES]
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "judge/observations.hpp"
#include "observe/sched/sched.hpp"
#include "report/listeners.hpp"

namespace {

using namespace kmodtest;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr nanoseconds kBegin = milliseconds(5000), kEnd = milliseconds(9000);
/// The last CPU is offline in between.
constexpr nanoseconds kOffline = milliseconds(8000), kOnline = milliseconds(8500);

wire::KernelLogLine line(microseconds time, const std::string &text, std::uint8_t level = 6) {
  wire::KernelLogLine made;
  made.time = time;
  made.text = text;
  made.level = level;
  return made;
}

/// Returns a thread that wakes every 10 ms on one CPU and works for a part of that.
observe::SchedThread thread(int pid, const std::string &name, int cpu, std::mt19937 &random) {
  observe::SchedThread made;
  made.pid = pid;
  made.name = name;
  made.begin = kBegin + milliseconds(100);
  made.woken = made.begin;
  made.end = kEnd;
  std::uniform_int_distribution<int> late(4'000, 90'000), work(200'000, 6'000'000);
  made.migrations.push_back({made.begin + microseconds(20), 0, cpu});
  for (nanoseconds at = made.begin; at + milliseconds(10) < made.end; at += milliseconds(10)) {
    if (cpu != 0 && at >= kOffline - milliseconds(10) && at < kOnline) continue;
    observe::SchedRun run;
    run.cpu = cpu;
    run.begin = at + nanoseconds(late(random));
    run.end = run.begin + nanoseconds(work(random));
    run.left = 'S';
    made.wakes.push_back({at, cpu, run.begin});
    made.runs.push_back(run);
  }
  return made;
}

observe::SchedTimeline timeline(int cpus, int bound, std::mt19937 &random) {
  observe::SchedTimeline made;
  made.begin = kBegin;
  made.end = kEnd;
  made.cpus = cpus;
  made.threads = {thread(71, "ex7_4", bound, random), thread(72, "ex7_4_helper", (bound + 1) % cpus, random)};
  if (cpus > 1) made.changes = {{kOffline, cpus - 1, false}, {kOnline, cpus - 1, true}};
  return made;
}

std::shared_ptr<const plan::Case> test_case(std::size_t number, int cpus, int bound) {
  auto made = std::make_shared<plan::Case>();
  const std::string stem = "plan_" + std::to_string(number / 8);
  made->plan_name = stem + " works";
  made->plan_file = "testplans/" + stem + ".yaml";
  made->tags = {number / 8 % 2 == 0 ? "kthread" : "timer"};
  made->id = stem + " [cpus=" + std::to_string(cpus) + " cpu=" + std::to_string(bound) + "]";
  made->point = {{"cpus", std::to_string(cpus)}, {"cpu", std::to_string(bound)}, {"kernel", "debian-6.1-cloud"}};
  made->guest.cpus = cpus;
  for (const auto &[key, source] : std::vector<std::pair<std::string, std::string>>{
           {"load", "  - load: {params: {cpu: 1}}"},
           {"dmesg", "  - dmesg: {in_order: [Thread started, '</script><script>alert(1)</script>'], within: 5s}"},
           {"ps", "  - ps: {thread: ex7_4, count: 1}"},
           {"unload", "  - unload"}}) {
    plan::Step step;
    step.key = key;
    step.source = source;
    step.guest = wire::Step{};
    made->steps.push_back(step);
  }
  return made;
}

std::shared_ptr<const judge::Observations> observations(int cpus, int bound, bool good, std::mt19937 &random) {
  auto made = std::make_shared<judge::Observations>();
  std::vector<wire::KernelLogLine> log;
  for (int i = 0; i < 30; ++i) {
    log.push_back(line(milliseconds(5100 + i * 120),
                       "ex7_4: round " + std::to_string(i) + " took " + std::to_string(random() % 1000) + " us"));
  }
  log.push_back(line(milliseconds(8800), "</pre></script><script>alert(document.domain)</script>\x1b[31m \xff", 4));
  if (!good)
    log.push_back(line(milliseconds(8900), "BUG: kernel NULL pointer dereference, address: 0000000000000008", 1));
  made->messages = {
      wire::StepStarted{0, milliseconds(5050)}, wire::StepEnded{0, milliseconds(5120), wire::StepResult::held, 0, ""},
      wire::StepStarted{1, milliseconds(5120)}, wire::LogLines{log, 0},
      wire::StepEnded{1, milliseconds(8700), good ? wire::StepResult::held : wire::StepResult::expired, 0, ""}};
  if (good) {
    made->messages.push_back(wire::StepStarted{2, milliseconds(8700)});
    made->messages.push_back(wire::StepEnded{2, milliseconds(8710), wire::StepResult::held, 0, ""});
    made->messages.push_back(wire::StepStarted{3, milliseconds(8710)});
    made->messages.push_back(wire::StepEnded{3, milliseconds(9000), wire::StepResult::held, 0, ""});
  }
  made->sched = std::make_shared<observe::SchedTimeline>(timeline(cpus, bound, random));
  return made;
}

outcome::CaseFinished finished(std::size_t number) {
  constexpr int kCpus[] = {1, 2, 4, 8};
  constexpr judge::Outcome kBad[] = {judge::Outcome::failed, judge::Outcome::crashed, judge::Outcome::hung,
                                     judge::Outcome::leaked, judge::Outcome::errored};
  std::mt19937 random(static_cast<unsigned>(number + 1));
  const int cpus = kCpus[number / 2 % 4], bound = number % 2 == 0 ? 0 : cpus - 1;
  const bool good = number % 5 != 3;
  outcome::CaseFinished made;
  made.number = number;
  made.test_case = test_case(number, cpus, bound);
  made.kernel_release = "6.1.0-49-cloud-amd64";
  made.took = outcome::Seconds(0.4 + static_cast<double>(random() % 1000) / 1000);
  made.timings.steps = outcome::Seconds(0.3);
  made.timings.guest = outcome::Seconds(4);
  made.digest = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
  made.seen = observations(cpus, bound, good, random);
  made.verdict.outcome = good ? judge::Outcome::passed : kBad[number / 5 % 5];
  if (!good) {
    judge::Evidence evidence;
    evidence.step = 1;
    evidence.where = {"testplans/plan.yaml", 11, 13};
    evidence.source = "  - dmesg: {in_order: [Thread started, Thread exiting], within: 5s}";
    evidence.summary = "'Thread exiting' did not appear within 5 s";
    evidence.expected = "Thread exiting";
    evidence.seen = "Thread exitting\n            ^";
    evidence.trace = {"#0 ex_write+0x8 [ex7_4]  poke(), ex7_4.c:23  *where = 1;"};
    evidence.hint = "the module says something similar: is the text right?";
    made.verdict.evidence.push_back(evidence);
  }
  return made;
}

}  // namespace

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  const std::size_t cases = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 40;
  const auto listener = report::make_html(argv[1], "0.0.0-sample");
  outcome::RunStarted started;
  started.cases = cases;
  started.workers = 2;
  started.hypervisor = "qemu:///embed (libvirt 11.3.0), QEMU 10.0.2";
  listener->on(started);
  listener->on(outcome::Notice{"KVM is not used, QEMU emulates (TCG)"});
  for (std::size_t number = 0; number < cases; ++number) listener->on(finished(number));
  outcome::RunFinished end;
  end.took = outcome::Seconds(12.5);
  listener->on(end);
  return 0;
}
