// SPDX-License-Identifier: GPL-2.0-or-later
// How many schedules, and how long, the strategies of kmodtest explore take to find the races of modules/racy.
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <optional>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

#include "measurements.hpp"
#include "racy_plans.hpp"
#include "statistics.hpp"

namespace kmodtest::bench {

namespace {

namespace fs = std::filesystem;

constexpr const char *kStrategies[] = {"steps", "shared", "places", "moments", "priorities", "mixed"};
constexpr int kMostStarts = 10;
constexpr int kBudget = 20;  // seconds of wall time for one start
constexpr int kSeedsOfAStart = 1000;

/// What one start needed for its first failure.
struct Found {
  double schedules = 0;
  double seconds = 0;
};

/// Reads "… fails by seed 17 (schedule 17, after 2.7 s), …" of an output; nothing if it has no such line.
std::optional<Found> found_in(const std::string &output) {
  static const std::regex line(R"(fails by seed \d+ \(schedule (\d+), after ([0-9.]+) s\))");
  std::smatch part;
  if (!std::regex_search(output, part, line)) return std::nullopt;
  return Found{.schedules = std::stod(part[1]), .seconds = std::stod(part[2])};
}

/// Explores a plan several times, each time with other seeds. Returns the starts that found a failure.
std::vector<Found> explore(const Bench &bench, const fs::path &plan, const char *strategy, int starts) {
  std::vector<Found> found;
  for (int start = 0; start < starts; ++start) {
    const std::string first_seed = std::to_string(1 + start * kSeedsOfAStart);
    const ToolRun run =
        run_program(bench.options().kmodtest,
                    {"explore", plan.string(), "--strategy", strategy, "--until-failure", "--time-budget",
                     std::to_string(kBudget), "--seeds", std::to_string(kSeedsOfAStart), "--first-seed", first_seed,
                     "--out", (bench.scratch() / "explored").string()},
                    bench.scratch());
    if (run.exit_status != 0 && run.exit_status != 1) throw std::runtime_error(run.output);
    if (const auto one = found_in(run.output)) found.push_back(*one);
  }
  return found;
}

/// What one strategy found in the whole corpus.
struct Tally {
  std::size_t modules = 0;
  std::vector<double> seconds;  ///< of each start that found something

  void add(const std::vector<Found> &found) {
    if (!found.empty()) ++modules;
    for (const Found &one : found) seconds.push_back(one.seconds);
  }
  std::string text() const {
    const std::string usual = seconds.empty() ? "-" : fmt::format("{:.1f} s", median(seconds));
    return fmt::format("{}; {}; {}", modules, seconds.size(), usual);
  }
};

/// Returns a cell: the median of schedules and of seconds, and in how many of the starts; "-" if in none.
std::string cell_of(const std::vector<Found> &found, int starts) {
  if (found.empty()) return "-";
  std::vector<double> schedules;
  std::vector<double> times;
  for (const Found &one : found) {
    schedules.push_back(one.schedules);
    times.push_back(one.seconds);
  }
  const std::string all = fmt::format("{:.0f} ({:.1f} s)", median(schedules), median(times));
  const bool always = found.size() == static_cast<std::size_t>(starts);
  return always ? all : fmt::format("{} in {} of {}", all, found.size(), starts);
}

}  // namespace

std::vector<fs::path> racy_plans(const Bench &bench, bool repaired) {
  std::vector<fs::path> plans;
  for (const auto &entry : fs::directory_iterator(bench.options().testplans / "racy")) {
    const std::string name = entry.path().stem();
    if (entry.path().extension() == ".yaml" && name.ends_with("_repaired") == repaired) plans.push_back(entry.path());
  }
  std::sort(plans.begin(), plans.end());
  return plans;
}

Table measure_explore(Bench &bench) {
  const int starts = bench.rounds(kMostStarts);
  Table table{
      fmt::format("schedules (and seconds) to the first failure, median of {} starts with other seeds, {} s each "
                  "at most",
                  starts, kBudget),
      {"module"},
      {},
      "A plain run of such a module always passes. '-': not found in any start."};
  table.columns.insert(table.columns.end(), std::begin(kStrategies), std::end(kStrategies));
  std::vector<Tally> tallies(std::size(kStrategies));
  for (const fs::path &plan : racy_plans(bench)) {
    std::vector<std::string> row{plan.stem()};
    for (std::size_t i = 0; i < std::size(kStrategies); ++i) {
      const auto found = explore(bench, plan, kStrategies[i], starts);
      tallies[i].add(found);
      row.push_back(cell_of(found, starts));
    }
    table.rows.push_back(std::move(row));
  }
  std::vector<std::string> all{"modules; starts; median"};
  for (const Tally &tally : tallies) all.push_back(tally.text());
  table.rows.push_back(std::move(all));
  return table;
}

}  // namespace kmodtest::bench
