// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/sched/sched_figures.hpp"

#include <algorithm>

namespace kmodtest::observe {

SchedThread clip(const SchedThread &thread, const SchedWindow &window) {
  SchedThread part = thread;
  part.runs.clear();
  part.wakes.clear();
  part.migrations.clear();
  if (thread.woken.count() == 0) return part;
  const Nanoseconds begin = std::max(window.begin, thread.woken);
  for (SchedRun run : thread.runs) {
    if (run.end < begin || run.begin > window.end) continue;
    if (run.end == begin && run.begin < begin) continue;  // it left at the moment when the window begins
    if (run.end > window.end) run.left = 'R';
    run.begin = std::max(run.begin, begin);
    run.end = std::min(run.end, window.end);
    part.runs.push_back(run);
  }
  const auto within = [&](Nanoseconds time) { return time >= begin && time <= window.end; };
  for (const SchedWake &wake : thread.wakes) {
    if (within(wake.time)) part.wakes.push_back(wake);
  }
  for (const SchedMigration &migration : thread.migrations) {
    if (within(migration.time)) part.migrations.push_back(migration);
  }
  return part;
}

std::map<std::int32_t, Nanoseconds> time_by_cpu(const SchedThread &thread) {
  std::map<std::int32_t, Nanoseconds> times;
  for (const SchedRun &run : thread.runs) times[run.cpu] += run.end - run.begin;
  return times;
}

std::vector<Nanoseconds> wake_latencies(const SchedThread &thread) {
  std::vector<Nanoseconds> latencies;
  for (const SchedWake &wake : thread.wakes) {
    if (wake.ran.count() != 0) latencies.push_back(wake.ran - wake.time);
  }
  std::sort(latencies.begin(), latencies.end());
  return latencies;
}

std::optional<Nanoseconds> percentile(const std::vector<Nanoseconds> &sorted, int percent) {
  if (sorted.empty()) return std::nullopt;
  const std::size_t rank = (sorted.size() * static_cast<std::size_t>(percent) + 99) / 100;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace kmodtest::observe
