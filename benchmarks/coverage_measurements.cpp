// SPDX-License-Identifier: GPL-2.0-or-later
// The cost of measuring coverage.
#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <string>

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

}  // namespace

Table measure_coverage(Bench &bench) {
  const int rounds = std::max(bench.rounds(kMostRounds), 2);
  Table table{fmt::format("a case with and without --coverage, 4 CPUs, -j 1, {} times (seconds)", rounds),
              {"plan", "steps", "steps, measured", "measured/not", "case", "case, measured", "measured/not", "digests"},
              {},
              "Medians; the last line has their sums."};
  double all[4] = {};
  for (const char *name : kPlans) {
    const std::vector<std::string> arguments = {bench.plan(name),      "--cpus", "4", "-j", "1", "--repeat",
                                                std::to_string(rounds)};
    std::vector<std::string> measured = arguments;
    measured.insert(measured.end(), {"--coverage", (bench.scratch() / "coverage").string()});
    bench.passing(arguments);
    const ToolRun without = bench.warm(arguments);
    const ToolRun with = bench.warm(measured);
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

}  // namespace kmodtest::bench
