// SPDX-License-Identifier: GPL-2.0-or-later
// The cost of measuring coverage, and of looking for data races.
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "measurements.hpp"
#include "statistics.hpp"

namespace kmodtest::bench {

namespace {

namespace fs = std::filesystem;

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

/// What a run with one way to find data races reported.
struct Reported {
  std::size_t cases = 0, races = 0;
  double seconds = 0;
};

Reported report_races(const Bench &bench, const fs::path &plans, const char *way) {
  const fs::path modules = bench.options().testplans.parent_path() / "modules";
  const ToolRun run = run_program(bench.options().kmodtest,
                                  {"run", plans.string(), "--modules", (modules / "faulty").string(), way, "--seed",
                                   "1", "--no-progress", "--out", (bench.scratch() / "raced").string()},
                                  bench.scratch());
  if (run.exit_status != 0 && run.exit_status != 1) throw std::runtime_error(run.output);
  // A case's line as it ends: "   Crashed [   0.427 s] ex [cpus=2]: data race in …".
  static const std::regex ended(R"( +[A-Z][a-z]+ \[ *[0-9.]+ s\] .*)"), race(R"( +Crashed \[.*: data race in .*)");
  // Those that did not pass are listed once more at the end.
  std::set<std::string> cases, races;
  std::istringstream lines(run.output);
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_match(line, ended)) cases.insert(line);
    if (std::regex_match(line, race)) races.insert(line);
  }
  return {.cases = cases.size(), .races = races.size(), .seconds = run.wall};
}

}  // namespace

Table measure_coverage(Bench &bench) {
  return cost_of(bench, "--coverage", {"--coverage", (bench.scratch() / "coverage").string()});
}

Table measure_races(Bench &bench) {
  return cost_of(bench, "--races", {"--races"});
}

Table measure_race_order(Bench &bench) {
  return cost_of(bench, "--races=order", {"--races=order"});
}

Table measure_races_found(Bench &bench) {
  const fs::path &plans = bench.options().testplans, kinds = bench.scratch() / "kinds.yaml";
  std::ofstream(kinds) << "module: shares_without_care\n"
                          "matrix: {kind: [count, plain_write, plain_read, two_locks, whole_object, bits, timer]}\n"
                          "guest: {cpus: 2}\n"
                          "steps: [load: {params: {kind: \"${kind}\"}}, sleep: 100ms, unload]\n";
  Table table{"data races reported, one run with the seed 1 (cases, seconds of wall time)",
              {"plans", "cases", "--races", "took", "--races=order", "took"},
              {},
              "A report on healthy plans would be a false alarm, as far as the module is healthy."};
  const std::pair<const char *, fs::path> corpora[] = {
      {"shares_without_care, 7 kinds", kinds}, {"racy, and repaired", plans / "racy"}, {"healthy", plans / "healthy"}};
  for (const auto &[name, path] : corpora) {
    std::vector<std::string> row{name, ""};
    for (const char *way : {"--races", "--races=order"}) {
      const Reported found = report_races(bench, path, way);
      row[1] = std::to_string(found.cases);
      row.insert(row.end(), {std::to_string(found.races), seconds(found.seconds)});
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace kmodtest::bench
