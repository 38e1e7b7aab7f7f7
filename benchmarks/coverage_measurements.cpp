// SPDX-License-Identifier: GPL-2.0-or-later
// The cost of measuring coverage, and of looking for data races.
#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <string>
#include <vector>

#include "measurements.hpp"
#include "statistics.hpp"

namespace kmodtest::bench {

namespace {

/// Few instructions of modules, many of them, and many CPUs.
constexpr const char *kPlans[] = {"ex7_1", "ex7_3", "ex7_4", "example5", "kthread_create_on_node", "thread_drv"};
constexpr int kMostRounds = 20;

/// Returns how many different digests the cases had in both ways.
std::string digests_of(const ToolRun &without, const ToolRun &with) {
  std::set<std::string> digests;
  for (const ToolRun *run : {&without, &with})
    for (const CaseFigures &figures : run->cases) digests.insert(figures.id + figures.digest);
  return std::to_string(digests.size());
}

/// Runs the plans with and without further options. `what`: the name of the options in the table.
Table cost_of(Bench &bench, const std::string &what, const std::vector<std::string> &options) {
  const int rounds = std::max(bench.rounds(kMostRounds), 2);
  Table table{fmt::format("a case with and without {}, 4 CPUs, -j 1, {} times (seconds)", what, rounds),
              {"plan", "steps", "steps, " + what, "with/without", "case", "case, " + what, "with/without", "digests"},
              {},
              "Medians; the last line has their sums."};
  double all[4] = {};
  for (const char *name : kPlans) {
    const std::vector<std::string> arguments = {bench.plan(name),      "--cpus", "4", "-j", "1", "--repeat",
                                                std::to_string(rounds)};
    std::vector<std::string> with_options = arguments;
    with_options.insert(with_options.end(), options.begin(), options.end());
    bench.passing(arguments);
    const ToolRun without = bench.warm(arguments);
    const ToolRun with = bench.warm(with_options);
    const double values[4] = {median(figures(without, "steps")), median(figures(with, "steps")), median(took(without)),
                              median(took(with))};
    for (int i = 0; i < 4; ++i) all[i] += values[i];
    table.rows.push_back({name, seconds(values[0]), seconds(values[1]), ratio(values[1], values[0]), seconds(values[2]),
                          seconds(values[3]), ratio(values[3], values[2]), digests_of(without, with)});
  }
  table.rows.push_back({"all", seconds(all[0]), seconds(all[1]), ratio(all[1], all[0]), seconds(all[2]),
                        seconds(all[3]), ratio(all[3], all[2]), ""});
  return table;
}

}  // namespace

Table measure_coverage(Bench &bench) {
  return cost_of(bench, "--coverage", {"--coverage", (bench.scratch() / "coverage").string()});
}

Table measure_races(Bench &bench) {
  return cost_of(bench, "--races", {"--races"});
}

}  // namespace kmodtest::bench
