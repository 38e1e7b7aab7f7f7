// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/guest_axes.hpp"
#include "plan/steps/kinds.hpp"
#include "plan/steps/step_input.hpp"

namespace kmodtest::plan {
namespace {

const Table &wake_to_run_table() {
  static const Table table{"wake_to_run",
                           {{"p50", Type::limit, "", "half of the wake-ups", "1ms"},
                            {"p90", Type::limit, "", "90 of 100", "'< 2ms'"},
                            {"p99", Type::limit, "", "99 of 100", "'< 2ms'"},
                            {"max", Type::limit, "", "every one", "5ms"}}};
  return table;
}

const Table &latency_table() {
  static const Table table{"latency",
                           {{.name = "wake_to_run",
                             .type = Type::map,
                             .description = "from a wake-up until the thread has a CPU, at most",
                             .example = "{p99: 2ms}",
                             .table = &wake_to_run_table(),
                             .required = true}}};
  return table;
}

/// Each key of `wake_to_run` and the percentile that it names.
constexpr std::pair<const char *, int> kPercentiles[] = {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"max", 100}};

std::vector<SchedCondition::Latency> latencies_of(MapReader &reader, Scope &scope) {
  std::vector<SchedCondition::Latency> latencies;
  const Node *node = reader.map("latency");
  if (node == nullptr) return latencies;
  MapReader latency(*node, latency_table(), scope);
  const Node *inner = latency.map("wake_to_run");
  if (inner == nullptr) return latencies;
  MapReader limits(*inner, wake_to_run_table(), scope);
  bool any = false;
  for (const auto &[key, percent] : kPercentiles) {
    any = any || limits.has(key);
    if (const auto most = limits.limit(key)) latencies.push_back({percent, *most});
  }
  if (!any)
    latency.error(Code::checks_nothing, "wake_to_run", "'wake_to_run' limits nothing (give p50, p90, p99 or max)");
  return latencies;
}

const Table &sched_table() {
  static const Table table{
      "sched",
      {{"thread", Type::text, "", "the thread's name; a glob may match several", "my_thread*"},
       {"count", Type::range, "there are some, and each runs", "how many run", "2"},
       {"only_on", Type::cpu_list, "", "each runs on these CPUs and on no other, not for a moment", "3"},
       {"runs_on_all", Type::cpu_list, "", "together they run on each of these CPUs", "0-3"},
       {"node", Type::integer, "", "each runs on CPUs of this NUMA node only", "1"},
       {"migrations", Type::range, "", "how often each is moved to another CPU", "0"},
       {"share", Type::shares, "", "how much of their time they are on a CPU", "{cpu 2: 45..55%}"},
       {"wakes_every", Type::interval, "", "how far apart the wake-ups of each are", "1s ± 5%"},
       {.name = "latency",
        .type = Type::map,
        .description = "how long each waits",
        .example = "{wake_to_run: {p99: 2ms}}",
        .table = &latency_table()},
       {"never_together", Type::texts, "", "threads (globs) of which no two run at the same time",
        "[my_reader, my_writer]"},
       {.name = "in",
        .type = Type::choice,
        .fallback = "running",
        .description = "the state that `never_together` is about",
        .example = "sleeping",
        .allowed = {"running", "sleeping", "uninterruptible", "parked"}},
       {.name = "since",
        .type = Type::choice,
        .fallback = "start",
        .description = "look from the start of the case, from the last action, or from here",
        .example = "here",
        .allowed = {"start", "action", "here"}},
       {"for", Type::duration, "0s", "how much guest time to let pass before looking", "3s"}}};
  return table;
}

}  // namespace

StepKind kind_of(const SchedCondition &) {
  return {.name = "sched",
          .summary = "Checks where and when threads of the modules ran.",
          .table = &sched_table(),
          .example = "sched: {thread: my_thread, only_on: 3}"};
}

std::optional<std::string> read(SchedCondition &sched, StepInput &in) {
  sched.thread = in.reader.text("thread").value_or("");
  if (in.reader.has("thread") && sched.thread.empty())
    in.reader.error(Code::empty_value, "thread", "the thread's name is empty");
  sched.count = in.reader.range("count");
  if (sched.count && sched.count->max < 0) in.reader.error(Code::out_of_range, "count", "a count cannot be negative");
  sched.only_on = in.reader.cpus("only_on");
  sched.runs_on = in.reader.cpus("runs_on_all");
  if (const auto node = in.reader.integer("node", 0, kMostNodes - 1)) sched.node = static_cast<std::int32_t>(*node);
  sched.migrations = in.reader.range("migrations");
  if (sched.migrations && sched.migrations->max < 0)
    in.reader.error(Code::out_of_range, "migrations", "a number of migrations cannot be negative");
  for (const auto &[cpus, percent] : in.reader.shares("share")) sched.shares.push_back({cpus, percent});
  if (const auto every = in.reader.interval("wakes_every")) sched.wakes = {.min = every->min, .max = every->max};
  sched.latencies = latencies_of(in.reader, in.scope);
  sched.never_together = in.reader.texts("never_together");
  if (std::any_of(sched.never_together.begin(), sched.never_together.end(),
                  [](const auto &name) { return name.empty(); }))
    in.reader.error(Code::empty_value, "never_together", "the thread's name is empty");
  static const std::map<std::string, char> letters{
      {"running", 'R'}, {"sleeping", 'S'}, {"uninterruptible", 'D'}, {"parked", 'P'}};
  if (const auto state = in.reader.choice("in")) sched.state = letters.at(*state);
  if (const auto since = in.reader.choice("since"))
    sched.since = *since == "action" ? wire::LogScope::action
                  : *since == "here" ? wire::LogScope::here
                                     : wire::LogScope::start;

  constexpr const char *kOfThread[] = {"count",      "only_on", "runs_on_all", "node",
                                       "migrations", "share",   "wakes_every", "latency"};
  const bool of_thread =
      std::any_of(std::begin(kOfThread), std::end(kOfThread), [&](const char *key) { return in.reader.has(key); });
  if (of_thread && !in.reader.has("thread"))
    in.reader.error(Code::missing_key, "thread", "the key 'thread' is missing (e.g. thread: my_thread)");
  if (!of_thread && !in.reader.has("never_together") && !in.scope.problems.any_error())
    in.reader.error(Code::checks_nothing, "sched",
                    in.reader.has("thread")
                        ? "the sched step has no condition on the thread (give only_on, runs_on_all, node, "
                          "migrations, share, wakes_every, latency or count)"
                        : "the sched step looks for nothing (give thread and only_on, or never_together)");
  if (in.reader.has("in") && !in.reader.has("never_together"))
    in.reader.error(Code::key_needs_another, "in", "'in' belongs to 'never_together', which is missing");
  if (sched.count && sched.count->max == 0) {
    for (const char *key : kOfThread)
      if (std::string_view(key) != "count" && in.reader.has(key))
        in.reader.error(
            Code::keys_exclude, key,
            fmt::format("'{}' cannot be combined with 'count: 0' (a thread that does not run has none)", key));
  }
  if (sched.since == wire::LogScope::here && !in.reader.has("for") && !in.scope.problems.any_error())
    in.reader.error(Code::key_needs_another, "since",
                    "with 'since: here' nothing has happened yet (set with 'for' how long to look)");
  std::string label = sched.thread;
  for (const std::string &name : sched.never_together) label += (label.empty() ? "" : " ") + name;
  return label;
}

}  // namespace kmodtest::plan
