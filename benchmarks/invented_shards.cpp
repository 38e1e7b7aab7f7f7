// SPDX-License-Identifier: GPL-2.0-or-later
// Shards of cases that never ran, for measuring. The same arguments give the same cases.
//
//   invented_shards split CASES SHARDS          how long the split takes, and how even it is; prints JSON
//   invented_shards hosts CASES HOSTS SHARDS    when hosts that take one shard after the other end; prints JSON
//   invented_shards matrix NODES                when nodes end with a large matrix; prints JSON
//   invented_shards write CASES SHARDS FOLDER VERSION   writes the results of all shards
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "judge/observations.hpp"
#include "run/select/shard.hpp"
#include "shards/results_writer.hpp"
#include "shards/split.hpp"
#include "storage/output_file.hpp"

namespace {

using namespace kmodtest;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kPlans = 200;
constexpr std::size_t kEveryFails = 101;  ///< one case in so many, of every plan
constexpr int kLogLines = 31;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Returns how long each case takes: most about a second, a few a minute (a log-normal distribution).
std::vector<double> durations(std::size_t cases) {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> takes(0.0, 1.0);
  std::vector<double> all(cases);
  for (double &each : all) each = takes(random);
  return all;
}

/// Returns how long they take the next time: each about a tenth more or less.
std::vector<double> next_durations(const std::vector<double> &before) {
  std::mt19937_64 random(2);
  std::lognormal_distribution<double> differs(0.0, 0.1);
  std::vector<double> all = before;
  for (double &each : all) each *= differs(random);
  return all;
}

std::vector<run::ShardItem> items_of(const std::vector<double> &took, bool with_history) {
  std::vector<run::ShardItem> items;
  for (std::size_t number = 0; number < took.size(); ++number) {
    run::ShardItem item{fmt::format("plan{} [cpus={} kernel={}]", number % kPlans, number / kPlans % 64, number), {}};
    if (with_history) item.expected = outcome::Seconds(took[number]);
    items.push_back(std::move(item));
  }
  return items;
}

std::vector<double> sums_by_shard(const std::vector<int> &shard_of, const std::vector<double> &took, int shards) {
  std::vector<double> sums(static_cast<std::size_t>(shards), 0.0);
  for (std::size_t number = 0; number < took.size(); ++number)
    sums[static_cast<std::size_t>(shard_of[number] - 1)] += took[number];
  return sums;
}

double total(const std::vector<double> &values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

double longest_over_mean(const std::vector<double> &sums) {
  return *std::max_element(sums.begin(), sums.end()) * static_cast<double>(sums.size()) / total(sums);
}

nlohmann::json split(std::size_t cases, int shards) {
  const std::vector<double> before = durations(cases), took = next_durations(before);
  nlohmann::json figures;
  for (const bool with_history : {false, true}) {
    const auto items = items_of(before, with_history);
    const auto start = Clock::now();
    const std::vector<int> shard_of = run::split(items, shards);
    const std::string suffix = with_history ? "_with_history" : "";
    figures["split" + suffix] = seconds_since(start);
    figures["balance" + suffix] = longest_over_mean(sums_by_shard(shard_of, took, shards));
  }
  return figures;
}

constexpr double kStart = 1.0;      ///< seconds of a shard on a host until its first case runs
constexpr double kWorthHelp = 4.0;  ///< as in cli/ssh_engine.cpp

/// Lets hosts that are free help with the shard that takes longest, from its end, until no shard is worth it.
void help_at_the_end(std::vector<double> &busy_until, const std::vector<double> &speeds) {
  std::vector<bool> shared(speeds.size(), false);  ///< the host's shard has help
  for (;;) {
    const auto free =
        static_cast<std::size_t>(std::min_element(busy_until.begin(), busy_until.end()) - busy_until.begin());
    std::size_t last = free;
    for (std::size_t host = 0; host < speeds.size(); ++host) {
      if (!shared[host] && busy_until[host] > busy_until[last]) last = host;
    }
    const double left = busy_until[last] - busy_until[free];
    if (left < kWorthHelp) return;
    const double work = (left - kStart) * speeds[last];
    busy_until[free] += kStart + work / (speeds[free] + speeds[last]);
    busy_until[last] = busy_until[free];
    shared[free] = shared[last] = true;
  }
}

/// Each host takes the next shard when it is done with one; a host of speed 0.5 takes twice as long for it. Returns the
/// time until the last one ends, over the time that they would need if they could share every case.
double end_over_ideal(const std::vector<double> &shards, const std::vector<double> &speeds, bool help = false) {
  std::vector<double> busy_until(speeds.size(), 0.0);
  for (const double shard : shards) {
    const auto first = std::min_element(busy_until.begin(), busy_until.end());
    *first += kStart + shard / speeds[static_cast<std::size_t>(first - busy_until.begin())];
  }
  if (help) help_at_the_end(busy_until, speeds);
  return *std::max_element(busy_until.begin(), busy_until.end()) * total(speeds) / total(shards);
}

nlohmann::json hosts(std::size_t cases, std::size_t hosts, int shards) {
  const std::vector<double> before = durations(cases), took = next_durations(before);
  const std::vector<double> equal(hosts, 1.0);
  std::vector<double> mixed = equal;
  for (std::size_t host = 0; host < hosts; host += 2) mixed[host] = 0.5;
  const auto sums_with = [&](bool history) {
    return sums_by_shard(run::split(items_of(before, history), shards), took, shards);
  };
  return {{"without", end_over_ideal(sums_with(false), equal)},
          {"with_history", end_over_ideal(sums_with(true), equal)},
          {"mixed", end_over_ideal(sums_with(true), mixed)},
          {"mixed_with_help", end_over_ideal(sums_with(true), mixed, true)}};
}

/// Returns a figure of the table `cpus` of benchmarks/README.md for a number of CPUs, between the measured ones by a
/// straight line.
double measured(const std::map<int, double> &table, int cpus) {
  const auto after = table.lower_bound(cpus);
  if (after->first == cpus) return after->second;
  const auto before = std::prev(after);
  const double share = static_cast<double>(cpus - before->first) / (after->first - before->first);
  return before->second + share * (after->second - before->second);
}

/// All seed plans, each on all kernels with 1 to 64 CPUs. The assumptions are in benchmarks/README.md.
nlohmann::json matrix(int nodes) {
  constexpr int kSeedPlans = 10, kKernels = 16, kMostCpus = 64;
  constexpr double kGuestsOfNode = 2, kStartOfNode = 6.0;
  const std::map<int, double> case_takes = {{1, 0.459}, {4, 0.531}, {16, 1.646}, {32, 4.539}, {64, 4.706}};
  const std::map<int, double> boot_takes = {{1, 2.179}, {4, 3.714}, {16, 8.591}, {32, 47.135}, {64, 187.381}};
  std::vector<run::ShardItem> items;
  std::vector<std::pair<int, int>> guests;  // of the cases
  for (int plan = 0; plan < kSeedPlans; ++plan) {
    for (int kernel = 0; kernel < kKernels; ++kernel) {
      for (int cpus = 1; cpus <= kMostCpus; ++cpus) {
        items.push_back({fmt::format("{} {} {}", plan, kernel, cpus), outcome::Seconds(measured(case_takes, cpus))});
        guests.emplace_back(kernel, cpus);
      }
    }
  }
  const std::vector<int> shard_of = run::split(items, nodes);
  std::vector<double> sums(static_cast<std::size_t>(nodes), 0.0), with_boots;
  std::map<std::pair<int, int>, int> booted;
  for (std::size_t number = 0; number < items.size(); ++number)
    sums[static_cast<std::size_t>(shard_of[number] - 1)] += items[number].expected->count();
  with_boots = sums;
  for (std::size_t number = 0; number < items.size(); ++number) {
    if (!booted.emplace(guests[number], shard_of[number]).second) continue;
    // The nodes boot different guests first: the next boot is for the node that has the least to do.
    *std::min_element(with_boots.begin(), with_boots.end()) += measured(boot_takes, guests[number].second);
  }
  const auto end = [&](const std::vector<double> &all) {
    return kStartOfNode + *std::max_element(all.begin(), all.end()) / kGuestsOfNode;
  };
  return {{"cases", items.size()},
          {"work", total(sums)},
          {"boots", total(with_boots) - total(sums)},
          {"end", end(sums)},
          {"end_first", end(with_boots)}};
}

std::shared_ptr<plan::Case> case_of(std::size_t number, const fs::path &plans) {
  auto made = std::make_shared<plan::Case>();
  const std::string stem = fmt::format("plan{}", number % kPlans);
  const std::size_t point = number / kPlans;
  made->plan_name = stem + " works";
  made->guest.cpus = static_cast<int>(point % 64) + 1;
  made->point = {{"cpus", std::to_string(made->guest.cpus)}, {"seed", std::to_string(point / 64)}};
  made->id = fmt::format("{} [cpus={} seed={}]", stem, made->guest.cpus, point / 64);
  made->plan_file = plans / (stem + ".yaml");
  return made;
}

outcome::CaseFinished result_of(std::shared_ptr<const plan::Case> test_case, std::size_t local, std::size_t number,
                                double took) {
  outcome::CaseFinished made;
  made.number = local;
  made.test_case = std::move(test_case);
  made.took = outcome::Seconds(took);
  made.kernel_release = "6.1.0-50-cloud-amd64";
  made.digest = fmt::format("{:064x}", number);
  made.verdict.outcome = judge::Outcome::passed;
  if (number % kEveryFails == 0) {
    made.verdict.outcome = judge::Outcome::failed;
    judge::Evidence evidence;
    evidence.summary = fmt::format("'Thread {} exiting' did not appear within 5 s", number);
    evidence.step = 2;
    evidence.expected = "Thread exiting";
    evidence.seen = "Thread exitting";
    made.verdict.evidence.push_back(evidence);
  }
  auto seen = std::make_shared<judge::Observations>();
  wire::LogLines log;
  for (int line = 0; line < kLogLines; ++line) {
    wire::KernelLogLine one;
    one.time = std::chrono::milliseconds(5000 + 10 * line);
    one.text = fmt::format("worker {} of case {}: step {} took {} us", line % 4, number, line, (number * 37) % 9999);
    log.lines.push_back(one);
  }
  seen->messages.emplace_back(std::move(log));
  made.seen = std::move(seen);
  return made;
}

void write(std::size_t count, int shards, const fs::path &folder, const std::string &version) {
  const std::vector<double> took = durations(count);
  fs::create_directories(folder / "plans");
  for (std::size_t number = 0; number < std::min(count, kPlans); ++number)
    storage::write_file(folder / fmt::format("plans/plan{}.yaml", number), fmt::format("name: plan {}\n", number));
  shards::Cases cases;
  for (std::size_t number = 0; number < count; ++number) cases.push_back(case_of(number, folder / "plans"));
  const auto history = std::make_shared<run::History>(folder / "history.json", folder);
  shards::Split split = shards::split_cases(std::move(cases), {1, shards}, *history);
  for (int shard = 1; shard <= shards; ++shard) {
    shards::Split &own = split;
    own.shard.number = shard;
    own.mine.cases.clear();
    own.mine.numbers.clear();
    for (std::size_t number = 0; number < own.all.size(); ++number) {
      if (own.mine.shard_of[number] != shard) continue;
      own.mine.cases.push_back(own.all[number]);
      own.mine.numbers.push_back(number);
    }
    shards::ResultsOptions options;
    options.path = folder / fmt::format("results/shard-{}", shard);
    options.version = version;
    const auto writer = shards::make_results(std::move(options), own, history);
    writer->on(outcome::RunStarted{own.mine.cases.size(), 2, "QEMU", 1, {}});
    for (std::size_t local = 0; local < own.mine.numbers.size(); ++local) {
      const std::size_t number = own.mine.numbers[local];
      writer->on(result_of(own.mine.cases[local], local, number, took[number]));
    }
    outcome::RunFinished end;
    end.took = outcome::Seconds(1);
    writer->on(end);
  }
}

}  // namespace

int main(int argc, char **argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto number = [&words](std::size_t at) { return std::strtoul(words.at(at).c_str(), nullptr, 10); };
  if (words.empty()) return 2;
  if (words[0] == "split") {
    fmt::print("{}\n", split(number(1), static_cast<int>(number(2))).dump());
  } else if (words[0] == "hosts") {
    fmt::print("{}\n", hosts(number(1), number(2), static_cast<int>(number(3))).dump());
  } else if (words[0] == "matrix") {
    fmt::print("{}\n", matrix(static_cast<int>(number(1))).dump());
  } else {
    write(number(1), static_cast<int>(number(2)), words.at(3), words.at(4));
  }
  return 0;
}
