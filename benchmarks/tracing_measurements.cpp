// SPDX-License-Identifier: GPL-2.0-or-later
// The cost of the scheduler's trace.
#include <algorithm>
#include <fmt/format.h>

#include "measurements.hpp"
#include "statistics.hpp"

namespace kmodtest::bench {

namespace {

/// The plans of kmodtest's first ten modules.
constexpr const char *kPlans[] = {
    "ex7_1",        "ex7_2",      "ex7_3",       "ex7_4",          "example5",
    "kthread_park", "thread_drv", "kthread_run", "kthread_create", "kthread_create_on_node"};
constexpr int kMostRounds = 20;

}  // namespace

Table measure_tracing(Bench &bench) {
  const int rounds = std::max(bench.rounds(kMostRounds), 2);
  Table table{
      fmt::format("a case with and without the scheduler's trace, ten plans with 4 CPUs, -j 1, {} times (seconds)",
                  rounds),
      {"plan", "steps", "steps, traced", "traced/not", "case", "case, traced", "traced/not"},
      {},
      "The plans have no sched steps, so that both runs do the same. Medians; the last line has their sums."};
  double all[4] = {};
  for (const char *name : kPlans) {
    const std::string plan = write_plan_without_sched(bench.plan(name), bench.scratch() / "untraced");
    const std::vector<std::string> arguments = {plan,
                                                "--cpus",
                                                "4",
                                                "-j",
                                                "1",
                                                "--repeat",
                                                std::to_string(rounds),
                                                "--modules",
                                                (bench.options().testplans / "../modules").string()};
    std::vector<std::string> traced = arguments;
    traced.emplace_back("--trace");
    bench.passing(arguments);
    const ToolRun without = bench.warm(arguments);
    const ToolRun with = bench.warm(traced);
    const double values[4] = {median(figures(without, "steps")), median(figures(with, "steps")), median(took(without)),
                              median(took(with))};
    for (int i = 0; i < 4; ++i) all[i] += values[i];
    table.rows.push_back({name, seconds(values[0]), seconds(values[1]), ratio(values[1], values[0]), seconds(values[2]),
                          seconds(values[3]), ratio(values[3], values[2])});
  }
  table.rows.push_back({"all", seconds(all[0]), seconds(all[1]), ratio(all[1], all[0]), seconds(all[2]),
                        seconds(all[3]), ratio(all[3], all[2])});
  return table;
}

}  // namespace kmodtest::bench
