// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html/case_data.hpp"

#include <chrono>

#include "judge/observations.hpp"
#include "observe/reports/reports.hpp"
#include "observe/sched/sched.hpp"
#include "shared/kmsg.hpp"
#include "text/json.hpp"

namespace kmodtest::report::html {

namespace {

using observe::Nanoseconds;
using text::Json;

std::int64_t ns(Nanoseconds time) {
  return time.count();
}

Json steps_json(const std::vector<StepSeen> &steps, const Span &span) {
  Json json = Json::array();
  for (const StepSeen &step : steps) {
    if (!step.begin) continue;
    json.push_back({step.number, step.source, ns(*step.begin), ns(step.end.value_or(span.end)), step.result, step.bad});
  }
  return json;
}

Json log_json(const std::vector<wire::KernelLogLine> &log) {
  Json times = Json::array(), texts = Json::array();
  std::string levels;
  Nanoseconds before{0};
  for (const wire::KernelLogLine &line : log) {
    if (shared::is_marker(line)) continue;
    times.push_back(ns(line.time - before));
    before = line.time;
    levels += static_cast<char>('0' + line.level % 8);
    texts.push_back(line.text);
  }
  return {{"t", times}, {"l", levels}, {"x", texts}};
}

Json reports_json(const outcome::CaseFinished &finished, const std::vector<wire::KernelLogLine> &log) {
  std::vector<std::string> modules;
  for (const kernel::ModuleInfo &module : finished.seen->modules) modules.push_back(module.name);
  Json json = Json::array();
  for (const observe::KernelReport &report : observe::find_reports(log, modules, finished.seen->loaded())) {
    if (!report.lines.empty()) json.push_back({ns(report.lines.front().time), observe::describe(report)});
  }
  return json;
}

Json thread_json(const observe::SchedThread &thread) {
  Json rb = Json::array(), rd = Json::array(), rc = Json::array();
  std::string rs;
  Nanoseconds before = thread.begin;
  for (const observe::SchedRun &run : thread.runs) {
    rb.push_back(ns(run.begin - before));
    rd.push_back(ns(run.end - run.begin));
    rc.push_back(run.cpu);
    rs += run.left;
    before = run.end;
  }
  Json wt = Json::array(), wl = Json::array(), wc = Json::array();
  before = thread.begin;
  for (const observe::SchedWake &wake : thread.wakes) {
    wt.push_back(ns(wake.time - before));
    wl.push_back(wake.ran.count() == 0 ? -1 : ns(wake.ran - wake.time));
    wc.push_back(wake.cpu);
    before = wake.time;
  }
  Json mt = Json::array(), mf = Json::array(), mo = Json::array();
  before = thread.begin;
  for (const observe::SchedMigration &move : thread.migrations) {
    mt.push_back(ns(move.time - before));
    mf.push_back(move.from);
    mo.push_back(move.to);
    before = move.time;
  }
  return {{"pid", thread.pid},
          {"name", thread.name},
          {"begin", ns(thread.begin)},
          {"end", ns(thread.end)},
          {"rb", rb},
          {"rd", rd},
          {"rc", rc},
          {"rs", rs},
          {"wt", wt},
          {"wl", wl},
          {"wc", wc},
          {"mt", mt},
          {"mf", mf},
          {"mo", mo}};
}

Json sched_json(const observe::SchedTimeline &sched) {
  Json threads = Json::array(), changes = Json::array();
  for (const observe::SchedThread &thread : sched.threads) threads.push_back(thread_json(thread));
  for (const observe::CpuChange &change : sched.changes) {
    changes.push_back({ns(change.time), change.cpu, change.online});
  }
  return {{"begin", ns(sched.begin)}, {"end", ns(sched.end)}, {"cpus", sched.cpus},
          {"lost", sched.lost},       {"threads", threads},   {"changes", changes}};
}

}  // namespace

std::string case_data(const outcome::CaseFinished &finished, const std::vector<StepSeen> &steps, const Span &span) {
  if (!finished.seen || span.end <= span.begin) return {};
  const std::vector<wire::KernelLogLine> log = finished.seen->log();
  Json json = {{"span", {ns(span.begin), ns(span.end)}},
               {"cpus", finished.test_case->guest.cpus},
               {"steps", steps_json(steps, span)},
               {"log", log_json(log)},
               {"reports", reports_json(finished, log)}};
  if (finished.seen->sched) json["sched"] = sched_json(*finished.seen->sched);
  return text::json_text(json);
}

}  // namespace kmodtest::report::html
