// SPDX-License-Identifier: GPL-2.0-or-later
// What is promised of the races of modules/racy: no plain run shows them, what an exploration finds can be run again,
// and nothing is found in the repaired modules.
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "measurements.hpp"
#include "racy_plans.hpp"
#include "statistics.hpp"

namespace kmodtest::bench {

namespace {

namespace fs = std::filesystem;

constexpr int kReplays = 50;
constexpr int kPlainRuns = 1000;
constexpr int kSchedulesOfTwin = 1000;
constexpr const char *kBudgetOfSearch = "120";  // seconds

/// Explores a plan until its first failure. Returns the folder of that case.
fs::path found_case(const Bench &bench, const fs::path &plan) {
  const fs::path out = bench.scratch() / "found" / plan.stem();
  run_program(bench.options().kmodtest,
              {"explore", plan.string(), "--until-failure", "--time-budget", kBudgetOfSearch, "--seeds", "100000",
               "--out", out},
              bench.scratch());
  for (const auto &entry : fs::directory_iterator(out)) {
    if (fs::exists(entry.path() / "schedule.txt")) return entry.path();
  }
  throw std::runtime_error(plan.string() + ": no schedule breaks it within " + kBudgetOfSearch + " s");
}

/// Counts the delays of a schedule: one line for each, "at …" of an instruction, "step …" of a step.
std::size_t delays_of(const fs::path &folder) {
  std::ifstream file(folder / "schedule.txt");
  std::size_t delays = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("at ") || line.starts_with("step ")) ++delays;
  }
  return delays;
}

/// Writes a plan whose cases differ only in how many microseconds pass before the first step.
fs::path with_other_moments(const Bench &bench, const fs::path &plan) {
  std::stringstream text;
  text << std::ifstream(plan).rdbuf();
  std::string content = text.str();
  const std::string steps = "\nsteps:\n";
  const auto at = content.find(steps);
  if (at == std::string::npos) throw std::runtime_error(plan.string() + " has no line 'steps:'");
  std::vector<int> shifts;
  shifts.reserve(kPlainRuns);
  // 13 µs: the moments fall everywhere between two ticks of the guest's timer, 4 ms apart.
  for (int i = 0; i < kPlainRuns; ++i) shifts.push_back(1 + 13 * i);
  content.replace(at, steps.size(),
                  fmt::format("\nmatrix: {{shift: [{}]}}\nsteps:\n  - sleep: ${{shift}}us\n", fmt::join(shifts, ", ")));
  fs::path written = bench.scratch() / plan.filename();
  std::ofstream(written) << content;
  return written;
}

}  // namespace

Table measure_replays(Bench &bench) {
  Table table{fmt::format("replays: the first schedule that breaks each module, run again {} times", kReplays),
              {"module", "delays", "replays", "failed", "digests"},
              {},
              "Each replay must fail, with the same digest."};
  std::vector<double> delays;
  for (const fs::path &plan : racy_plans(bench)) {
    const fs::path folder = found_case(bench, plan);
    const ToolRun run = run_tool(bench.options().kmodtest,
                                 {"replay", folder.string(), "--repeat", std::to_string(kReplays), "--out",
                                  (bench.scratch() / "replayed").string()},
                                 bench.scratch());
    std::set<std::string> digests;
    for (const CaseFigures &figures : run.cases) digests.insert(figures.digest);
    const auto failed = std::count_if(run.cases.begin(), run.cases.end(),
                                      [](const CaseFigures &figures) { return figures.outcome != "passed"; });
    delays.push_back(static_cast<double>(delays_of(folder)));
    table.rows.push_back({plan.stem(), std::to_string(delays_of(folder)), std::to_string(run.cases.size()),
                          std::to_string(failed), std::to_string(digests.size())});
  }
  table.rows.push_back({"median", fmt::format("{:.0f}", median(delays)), "", "", ""});
  return table;
}

Table measure_plain_runs(Bench &bench) {
  Table table{fmt::format("plain: {} runs of each module without any schedule, each at another moment", kPlainRuns),
              {"module", "runs", "failed", "first"},
              {},
              "The race is one that a plain run does not show if none failed."};
  for (const fs::path &plan : racy_plans(bench)) {
    const fs::path modules = bench.options().testplans.parent_path() / "modules" / "racy";
    const ToolRun run = run_tool(bench.options().kmodtest,
                                 {"run", with_other_moments(bench, plan).string(), "--modules", modules.string(), "-q",
                                  "--out", (bench.scratch() / "plain").string()},
                                 bench.scratch());
    std::size_t failed = 0, first = 0;
    for (std::size_t i = 0; i < run.cases.size(); ++i) {
      if (run.cases[i].outcome == "passed") continue;
      if (failed++ == 0) first = i + 1;
    }
    table.rows.push_back({plan.stem(), std::to_string(run.cases.size()), std::to_string(failed),
                          failed == 0 ? "-" : std::to_string(first)});
  }
  return table;
}

Table measure_twins(Bench &bench) {
  Table table{fmt::format("twins: {} schedules of each repaired module", kSchedulesOfTwin),
              {"module", "schedules", "interleavings", "failed", "per second"},
              {},
              "As many guests at once as kmodtest explore starts on its own."};
  for (const fs::path &plan : racy_plans(bench, true)) {
    const ToolRun run = run_program(bench.options().kmodtest,
                                    {"explore", plan.string(), "--seeds", std::to_string(kSchedulesOfTwin), "--out",
                                     (bench.scratch() / "twins").string()},
                                    bench.scratch());
    static const std::regex line(
        R"((\d+) schedules, (\d+) distinct interleavings, (\d+) failed .*, ([0-9.]+) per second)");
    std::smatch part;
    if (!std::regex_search(run.output, part, line)) throw std::runtime_error(run.output);
    table.rows.push_back({plan.stem(), part[1], part[2], part[3], part[4]});
  }
  return table;
}

}  // namespace kmodtest::bench
