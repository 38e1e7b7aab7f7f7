// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/steps/sched_check.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <map>
#include <set>
#include <string_view>

#include "judge/steps/reading.hpp"
#include "plan/values.hpp"
#include "shared/condition.hpp"
#include "shared/procfs.hpp"

namespace kmodtest::judge {
namespace {

using observe::Nanoseconds;
using observe::SchedThread;
using observe::SchedWindow;
using plan::SchedCondition;
using Fault = std::optional<SchedFault>;

std::string duration_words(Nanoseconds span) {
  const auto count = static_cast<double>(span.count());
  if (span >= std::chrono::seconds(1)) return fmt::format("{:.3f} s", count / 1e9);
  if (span >= std::chrono::milliseconds(1)) return fmt::format("{:.3f} ms", count / 1e6);
  return fmt::format("{:.3f} µs", count / 1e3);
}

std::string time_words(Nanoseconds time) {
  return fmt::format("{:.6f}", std::chrono::duration<double>(time).count());
}

std::string who(const SchedThread &thread) {
  return fmt::format("{} ({})", thread.name, thread.pid);
}

bool in(std::uint64_t cpus, std::int32_t cpu) {
  return cpu >= 0 && cpu < 64 && (cpus >> cpu & 1) != 0;
}

std::string cpu_words(std::uint64_t cpus) {
  return "CPU " + plan::format_cpu_list(cpus);
}

/// Returns the threads that the globs name, without those of before and after the window.
std::vector<SchedThread> threads_of(const std::vector<std::string> &globs, const observe::SchedTimeline &timeline,
                                    const SchedWindow &window) {
  std::vector<SchedThread> found;
  for (const SchedThread &thread : timeline.threads) {
    if (thread.begin > window.end || thread.end < window.begin) continue;
    const bool meant = std::any_of(globs.begin(), globs.end(),
                                   [&](const std::string &glob) { return shared::is_named(glob, thread.name); });
    if (meant) found.push_back(observe::clip(thread, window));
  }
  return found;
}

std::string names_there(const observe::SchedTimeline &timeline, const SchedWindow &window) {
  std::set<std::string> names;
  for (const SchedThread &thread : timeline.threads)
    if (thread.begin <= window.end && thread.end >= window.begin) names.insert(thread.name);
  if (names.empty()) return "no kernel thread came up in the case";
  return fmt::format("new kernel threads: {}", fmt::join(names, ", "));
}

Fault check_places(const std::vector<SchedThread> &threads, std::uint64_t cpus, const std::string &expected) {
  Fault first;
  for (const SchedThread &thread : threads) {
    for (const observe::SchedRun &run : thread.runs) {
      if (in(cpus, run.cpu) || (first && *first->at <= run.begin)) continue;
      first = {.why = fmt::format("{} ran on CPU {} for {}, at {}", who(thread), run.cpu,
                                  duration_words(run.end - run.begin), time_words(run.begin)),
               .expected = expected,
               .at = run.begin};
    }
  }
  return first;
}

Fault check_node(const std::vector<SchedThread> &threads, std::int32_t node,
                 const std::vector<wire::NodeRecord> &nodes) {
  std::uint64_t cpus = 0;
  bool known = false;
  for (const wire::NodeRecord &record : nodes) {
    if (record.id != node) continue;
    known = true;
    for (const int cpu : shared::parse_cpu_list(record.cpus).value_or(std::vector<int>{}))
      cpus |= std::uint64_t{1} << cpu;
  }
  const std::string expected = fmt::format("only on CPUs of node {}", node);
  if (!known) return SchedFault{.why = fmt::format("the guest has no NUMA node {}", node), .expected = expected};
  return check_places(threads, cpus, fmt::format("{} ({})", expected, cpu_words(cpus)));
}

Fault check_everywhere(const std::vector<SchedThread> &threads, std::uint64_t cpus) {
  std::uint64_t missing = cpus;
  for (const SchedThread &thread : threads)
    for (const observe::SchedRun &run : thread.runs)
      if (run.cpu >= 0 && run.cpu < 64) missing &= ~(std::uint64_t{1} << run.cpu);
  if (missing == 0) return std::nullopt;
  return SchedFault{.why = fmt::format("none of it ran on {}", cpu_words(missing)),
                    .expected = "on each of " + cpu_words(cpus)};
}

Fault check_migrations(const std::vector<SchedThread> &threads, const wire::Range &allowed) {
  for (const SchedThread &thread : threads) {
    const auto number = static_cast<std::int64_t>(thread.migrations.size());
    if (allowed.contains(number)) continue;
    SchedFault fault{.why = fmt::format("{} was moved {} times to another CPU", who(thread), number),
                     .expected = range_words(allowed) + " migrations"};
    if (number > allowed.max) {
      // The first one too many.
      const auto &culprit = thread.migrations[static_cast<std::size_t>(std::max<std::int64_t>(allowed.max, 0))];
      fault.at = culprit.time;
      fault.why += fmt::format(", at {} from CPU {} to CPU {}", time_words(culprit.time), culprit.from, culprit.to);
    }
    return fault;
  }
  return std::nullopt;
}

Fault check_share(const std::vector<SchedThread> &threads, const SchedCondition::Share &share) {
  Nanoseconds total{0}, there{0};
  for (const SchedThread &thread : threads) {
    for (const auto &[cpu, time] : observe::time_by_cpu(thread)) {
      total += time;
      if (in(share.cpus, cpu)) there += time;
    }
  }
  const std::string cpus = cpu_words(share.cpus);
  constexpr auto kLowest = std::numeric_limits<std::int64_t>::min();
  const std::string expected = share.percent.min == kLowest
                                   ? fmt::format("at most {}% of the time on {}", share.percent.max, cpus)
                                   : fmt::format("{}% of the time on {}", range_words(share.percent), cpus);
  if (total.count() == 0) return SchedFault{.why = "it ran for no time at all", .expected = expected};
  const double percent = 100.0 * static_cast<double>(there.count()) / static_cast<double>(total.count());
  if (percent >= static_cast<double>(share.percent.min) && percent <= static_cast<double>(share.percent.max))
    return std::nullopt;
  return SchedFault{.why = fmt::format("{:.1f}% of the time was on {} ({} of {})", percent, cpus, duration_words(there),
                                       duration_words(total)),
                    .expected = expected};
}

Fault check_wakes(const std::vector<SchedThread> &threads, const SchedCondition::WakeInterval &wanted) {
  const std::string expected =
      fmt::format("a wake-up every {}..{}", shared::format_duration(wanted.min), shared::format_duration(wanted.max));
  for (const SchedThread &thread : threads) {
    if (thread.wakes.size() < 2) {
      const char *how_often = thread.wakes.empty() ? "never" : "only once";
      return SchedFault{.why = fmt::format("{} was woken {}", who(thread), how_often), .expected = expected};
    }
    for (std::size_t i = 1; i < thread.wakes.size(); ++i) {
      const Nanoseconds gap = thread.wakes[i].time - thread.wakes[i - 1].time;
      if (gap >= wanted.min && gap <= wanted.max) continue;
      return SchedFault{.why = fmt::format("{} was woken {} after the time before, at {}", who(thread),
                                           duration_words(gap), time_words(thread.wakes[i].time)),
                        .expected = expected,
                        .at = thread.wakes[i].time};
    }
  }
  return std::nullopt;
}

Fault check_latency(const std::vector<SchedThread> &threads, const SchedCondition::Latency &limit, Nanoseconds end) {
  const std::string name = limit.percent == 100 ? "max" : fmt::format("p{}", limit.percent);
  const std::string expected =
      fmt::format("{} from wake-up to CPU at most {}", name, shared::format_duration(limit.most));
  for (const SchedThread &thread : threads) {
    if (thread.wakes.empty()) return SchedFault{.why = who(thread) + " was never woken", .expected = expected};
    std::vector<Nanoseconds> waits;
    observe::SchedWake longest;
    Nanoseconds most{-1};
    for (const observe::SchedWake &wake : thread.wakes) {
      // A thread that still waits has waited at least this long.
      waits.push_back((wake.ran.count() == 0 ? end : wake.ran) - wake.time);
      if (waits.back() > most) most = waits.back(), longest = wake;
    }
    std::sort(waits.begin(), waits.end());
    const Nanoseconds value = *observe::percentile(waits, limit.percent);
    if (value <= limit.most) continue;
    return SchedFault{.why = fmt::format("{} waited {} ({} of {} wake-ups), longest {} on CPU {}, from {}", who(thread),
                                         duration_words(value), name, waits.size(), duration_words(most), longest.cpu,
                                         time_words(longest.time)),
                      .expected = expected,
                      .at = longest.time};
  }
  return std::nullopt;
}

struct Stay {
  Nanoseconds begin{0};
  Nanoseconds end{0};
  std::int32_t cpu = 0;
  const SchedThread *thread = nullptr;
};

/// Returns when a thread was in a state: on a CPU for R; else from where it left the CPU in that state to its next
/// wake-up.
std::vector<Stay> stays_of(const SchedThread &thread, char state, const SchedWindow &window) {
  std::vector<Stay> stays;
  for (std::size_t i = 0; i < thread.runs.size(); ++i) {
    const observe::SchedRun &run = thread.runs[i];
    if (state == 'R') {
      stays.push_back({.begin = run.begin, .end = run.end, .cpu = run.cpu, .thread = &thread});
    } else if (run.left == state) {
      Nanoseconds end = i + 1 < thread.runs.size() ? thread.runs[i + 1].begin : window.end;
      for (const observe::SchedWake &wake : thread.wakes)
        if (wake.time >= run.end) end = std::min(end, wake.time);
      stays.push_back({.begin = run.end, .end = end, .cpu = run.cpu, .thread = &thread});
    }
  }
  return stays;
}

std::string state_words(char state) {
  switch (state) {
    case 'S':
      return "sleeping";
    case 'D':
      return "sleeping without being interruptible";
    case 'P':
      return "parked";
    default:
      return "running";
  }
}

Fault check_apart(const SchedCondition &condition, const observe::SchedTimeline &timeline, const SchedWindow &window) {
  const std::string state = state_words(condition.state);
  const std::string expected =
      fmt::format("no two of {} {} at the same time", fmt::join(condition.never_together, ", "), state);
  for (const std::string &glob : condition.never_together) {
    if (threads_of({glob}, timeline, window).empty())
      return SchedFault{.why = fmt::format("no thread matches '{}'; {}", glob, names_there(timeline, window)),
                        .expected = expected};
  }
  const std::vector<SchedThread> threads = threads_of(condition.never_together, timeline, window);
  if (threads.size() < 2) {
    return SchedFault{.why = "there is only one such thread, " + who(threads.front()), .expected = expected};
  }
  std::vector<Stay> stays;
  for (const SchedThread &thread : threads) {
    const std::vector<Stay> own = stays_of(thread, condition.state, window);
    if (own.empty()) return SchedFault{.why = fmt::format("{} was never {}", who(thread), state), .expected = expected};
    stays.insert(stays.end(), own.begin(), own.end());
  }
  std::sort(stays.begin(), stays.end(), [](const Stay &a, const Stay &b) { return a.begin < b.begin; });
  const Stay *last = &stays.front();  // the latest end so far; a thread's own stays do not overlap
  for (const Stay &stay : stays) {
    if (&stay == last) continue;
    if (stay.begin < last->end && stay.thread != last->thread) {
      const Nanoseconds both = std::min(last->end, stay.end) - stay.begin;
      return SchedFault{
          .why = fmt::format("{} (CPU {}) and {} (CPU {}) were both {} for {}, at {}", who(*last->thread), last->cpu,
                             who(*stay.thread), stay.cpu, state, duration_words(both), time_words(stay.begin)),
          .expected = expected,
          .at = stay.begin};
    }
    if (stay.end > last->end) last = &stay;
  }
  return std::nullopt;
}

/// Finds the threads of `thread`, or the error in their number.
Fault check_number(const SchedCondition &condition, std::vector<SchedThread> &threads,
                   const observe::SchedTimeline &timeline, const SchedWindow &window) {
  const std::string name = "'" + condition.thread + "'";
  if (!condition.count) {
    if (threads.empty()) {
      return SchedFault{.why = fmt::format("no thread matches {}; {}", name, names_there(timeline, window)),
                        .expected = "a thread " + name};
    }
    for (const SchedThread &thread : threads) {
      if (!thread.runs.empty()) continue;
      return SchedFault{.why = who(thread) + " never ran", .expected = "thread " + name + " runs"};
    }
    return std::nullopt;
  }
  std::erase_if(threads, [](const SchedThread &thread) { return thread.runs.empty(); });
  const auto number = static_cast<std::int64_t>(threads.size());
  if (condition.count->contains(number)) return std::nullopt;
  SchedFault fault{.why = fmt::format("{} of the threads {} ran", number, name),
                   .expected = fmt::format("{} of them run", range_words(*condition.count))};
  if (number > condition.count->max) fault.at = threads.back().runs.front().begin;
  return fault;
}

}  // namespace

std::optional<SchedFault> check_sched(const SchedCondition &condition, const observe::SchedTimeline &timeline,
                                      const SchedWindow &window, const std::vector<wire::NodeRecord> &nodes) {
  if (!condition.thread.empty()) {
    std::vector<SchedThread> threads = threads_of({condition.thread}, timeline, window);
    if (auto fault = check_number(condition, threads, timeline, window)) return fault;
    if (condition.only_on) {
      if (auto fault = check_places(threads, *condition.only_on, "only on " + cpu_words(*condition.only_on)))
        return fault;
    }
    if (condition.node) {
      if (auto fault = check_node(threads, *condition.node, nodes)) return fault;
    }
    if (condition.runs_on) {
      if (auto fault = check_everywhere(threads, *condition.runs_on)) return fault;
    }
    if (condition.migrations) {
      if (auto fault = check_migrations(threads, *condition.migrations)) return fault;
    }
    for (const SchedCondition::Share &share : condition.shares)
      if (auto fault = check_share(threads, share)) return fault;
    if (condition.wakes) {
      if (auto fault = check_wakes(threads, *condition.wakes)) return fault;
    }
    for (const SchedCondition::Latency &limit : condition.latencies)
      if (auto fault = check_latency(threads, limit, timeline.end)) return fault;
  }
  if (!condition.never_together.empty()) return check_apart(condition, timeline, window);
  return std::nullopt;
}

std::string render_sched(const SchedCondition &condition, const observe::SchedTimeline &timeline,
                         const SchedWindow &window) {
  std::vector<std::string> globs = condition.never_together;
  if (!condition.thread.empty()) globs.push_back(condition.thread);
  std::string text;
  for (const SchedThread &thread : threads_of(globs, timeline, window)) {
    std::vector<std::string> parts;
    for (const auto &[cpu, time] : observe::time_by_cpu(thread)) {
      const auto runs = std::count_if(thread.runs.begin(), thread.runs.end(),
                                      [cpu = cpu](const observe::SchedRun &run) { return run.cpu == cpu; });
      parts.push_back(fmt::format("CPU {} {} times, {}", cpu, runs, duration_words(time)));
    }
    if (parts.empty()) parts.emplace_back("did not run");
    text += fmt::format("{}{}: {}; {} wake-ups, {} migrations", text.empty() ? "" : "\n", who(thread),
                        fmt::join(parts, ", "), thread.wakes.size(), thread.migrations.size());
  }
  return text;
}

}  // namespace kmodtest::judge
