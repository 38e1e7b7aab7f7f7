// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <string>
#include <utility>

#include "plan/guest_axes.hpp"
#include "plan/steps/step_reader.hpp"

/// The step that is judged by the trace of the scheduler.
namespace kmodtest::plan {
namespace {

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

}  // namespace

std::optional<SchedCondition> StepReader::sched(MapReader &reader) {
  SchedCondition sched;
  sched.thread = reader.text("thread").value_or("");
  if (reader.has("thread") && sched.thread.empty())
    reader.error(Code::empty_value, "thread", "the thread's name is empty");
  sched.count = reader.range("count");
  if (sched.count && sched.count->max < 0) reader.error(Code::out_of_range, "count", "a count cannot be negative");
  sched.only_on = reader.cpus("only_on");
  sched.runs_on = reader.cpus("runs_on_all");
  if (const auto node = reader.integer("node", 0, kMostNodes - 1)) sched.node = static_cast<std::int32_t>(*node);
  sched.migrations = reader.range("migrations");
  if (sched.migrations && sched.migrations->max < 0)
    reader.error(Code::out_of_range, "migrations", "a number of migrations cannot be negative");
  for (const auto &[cpus, percent] : reader.shares("share")) sched.shares.push_back({cpus, percent});
  if (const auto every = reader.interval("wakes_every")) sched.wakes = {every->min, every->max};
  sched.latencies = latencies_of(reader, scope_);
  sched.never_together = reader.texts("never_together");
  if (std::any_of(sched.never_together.begin(), sched.never_together.end(),
                  [](const auto &name) { return name.empty(); }))
    reader.error(Code::empty_value, "never_together", "the thread's name is empty");
  static const std::map<std::string, char> letters{
      {"running", 'R'}, {"sleeping", 'S'}, {"uninterruptible", 'D'}, {"parked", 'P'}};
  if (const auto state = reader.choice("in")) sched.state = letters.at(*state);
  if (const auto since = reader.choice("since"))
    sched.since = *since == "action" ? wire::LogScope::action
                  : *since == "here" ? wire::LogScope::here
                                     : wire::LogScope::start;

  constexpr const char *kOfThread[] = {"count",      "only_on", "runs_on_all", "node",
                                       "migrations", "share",   "wakes_every", "latency"};
  const bool of_thread =
      std::any_of(std::begin(kOfThread), std::end(kOfThread), [&](const char *key) { return reader.has(key); });
  if (of_thread && !reader.has("thread"))
    reader.error(Code::missing_key, "thread", "the key 'thread' is missing (e.g. thread: my_thread)");
  if (!of_thread && !reader.has("never_together") && !scope_.problems.any_error())
    reader.error(Code::checks_nothing, "sched",
                 reader.has("thread")
                     ? "the sched step says nothing of the thread (give only_on, runs_on_all, node, "
                       "migrations, share, wakes_every, latency or count)"
                     : "the sched step looks for nothing (give thread and only_on, or never_together)");
  if (reader.has("in") && !reader.has("never_together"))
    reader.error(Code::key_needs_another, "in", "'in' belongs to 'never_together', which is not there");
  if (sched.count && sched.count->max == 0) {
    for (const char *key : kOfThread)
      if (std::string_view(key) != "count" && reader.has(key))
        reader.error(Code::keys_exclude, key,
                     fmt::format("'{}' cannot stand beside 'count: 0' (a thread that does not run has none)", key));
  }
  if (sched.since == wire::LogScope::here && !reader.has("for") && !scope_.problems.any_error())
    reader.error(Code::key_needs_another, "since",
                 "with 'since: here' nothing has happened yet (say with 'for' how long to look)");
  return sched;
}

}  // namespace kmodtest::plan
