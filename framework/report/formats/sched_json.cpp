// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/formats/sched_json.hpp"

#include <chrono>
#include <string>

#include "observe/sched/sched_figures.hpp"
#include "outcome/event.hpp"
#include "text/json.hpp"

namespace kmodtest::report {
namespace {

using text::Json;

Json latency_json(const observe::SchedThread &thread) {
  const auto latencies = observe::wake_latencies(thread);
  if (latencies.empty()) return nullptr;
  return {{"p50", outcome::seconds(*observe::percentile(latencies, 50))},
          {"p99", outcome::seconds(*observe::percentile(latencies, 99))},
          {"max", outcome::seconds(latencies.back())}};
}

Json thread_json(const observe::SchedThread &whole, const observe::SchedWindow &window) {
  const observe::SchedThread thread = observe::clip(whole, window);
  observe::Nanoseconds total{0};
  const auto times = observe::time_by_cpu(thread);
  for (const auto &[cpu, time] : times) total += time;
  Json cpus = Json::object();
  for (const auto &[cpu, time] : times) {
    std::size_t runs = 0;
    for (const observe::SchedRun &run : thread.runs) runs += run.cpu == cpu ? 1 : 0;
    const double share =
        total.count() == 0 ? 0 : static_cast<double>(time.count()) / static_cast<double>(total.count());
    cpus[std::to_string(cpu)] = {{"runs", runs}, {"time", outcome::seconds(time)}, {"share", share}};
  }
  return {{"pid", thread.pid},
          {"name", thread.name},
          {"begin", outcome::seconds(thread.begin)},
          {"end", outcome::seconds(thread.end)},
          {"cpus", cpus},
          {"wakes", thread.wakes.size()},
          {"migrations", thread.migrations.size()},
          {"wake_to_run", latency_json(thread)}};
}

}  // namespace

Json sched_json(const observe::SchedTimeline &timeline) {
  Json threads = Json::array(), changes = Json::array();
  for (const observe::SchedThread &thread : timeline.threads)
    threads.push_back(thread_json(thread, {timeline.begin, timeline.end}));
  for (const observe::CpuChange &change : timeline.changes)
    changes.push_back({{"time", outcome::seconds(change.time)}, {"cpu", change.cpu}, {"online", change.online}});
  return {{"begin", outcome::seconds(timeline.begin)},
          {"end", outcome::seconds(timeline.end)},
          {"cpus", timeline.cpus},
          {"lost", timeline.lost},
          {"full", timeline.full},
          {"threads", threads},
          {"changes", changes}};
}

}  // namespace kmodtest::report
