// SPDX-License-Identifier: GPL-2.0-or-later
// The cost of one case: alone, reset in place, and as one of very many.
#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <stdexcept>

#include "measurements.hpp"
#include "statistics.hpp"

namespace kmodtest::bench {

namespace {

constexpr const char *kPlan = "ex7_1";
constexpr int kNewGuests = 10;    ///< new QEMUs that are started for one median
constexpr int kMemoryCases = 20;  ///< the minimum, so that there is time to sample the guests
constexpr double kTail = 0.99;

std::vector<std::string> one_guest(const Bench &bench, const std::string &cpus) {
  return {bench.plan(kPlan), "--cpus", cpus, "-j", "1"};
}

std::vector<std::string> repeated(std::vector<std::string> arguments, int times) {
  arguments.insert(arguments.end(), {"--repeat", std::to_string(times)});
  return arguments;
}

/// Returns the times of restores in a QEMU that was already running.
std::vector<double> restores_in_place(const ToolRun &run) {
  std::vector<double> values;
  for (const CaseFigures &figures : run.cases) {
    if (figures.timings.at("start") == 0) values.push_back(figures.timings.at("restore"));
  }
  if (values.empty()) throw std::runtime_error("no guest was restored in place:\n" + run.output);
  return values;
}

std::size_t distinct_digests(const ToolRun &run) {
  std::set<std::string> digests;
  for (const CaseFigures &figures : run.cases) digests.insert(figures.digest);
  return digests.size();
}

struct Sampled {
  std::size_t guests = 0;       ///< the maximum at once
  std::vector<double> pss_kib;  ///< at moments with that many
};

Sampled busiest(const ToolRun &run) {
  Sampled sampled;
  for (const MemorySample &sample : run.memory) {
    if (sample.guests > sampled.guests) sampled = {sample.guests, {}};
    if (sample.guests == sampled.guests) sampled.pss_kib.push_back(static_cast<double>(sample.pss_kib));
  }
  if (sampled.guests == 0) {
    throw std::runtime_error("the memory of no QEMU could be read: /proc/PID/smaps_rollup needs the same user or root");
  }
  return sampled;
}

}  // namespace

Table measure_plan(Bench &bench) {
  const int rounds = bench.options().rounds;
  Table table{fmt::format("one plan ({}), warm store: from command to exit, median of {} (seconds)", kPlan, rounds),
              {"CPUs", "wall", "best", "worst", "start", "restore", "steps", "all else", "steps/wall", "else/steps"},
              {},
              {}};
  for (const char *cpus : {"1", "2", "4"}) {
    const auto arguments = one_guest(bench, cpus);
    bench.passing(arguments);
    std::vector<double> walls, starts, restores, steps, rest;
    for (int round = 0; round < rounds; ++round) {
      const ToolRun run = bench.warm(arguments);
      walls.push_back(run.wall);
      starts.push_back(sum(figures(run, "start")));
      restores.push_back(sum(figures(run, "restore")));
      steps.push_back(sum(figures(run, "steps")));
      rest.push_back(run.wall - steps.back());
    }
    table.rows.push_back({cpus, seconds(median(walls)), seconds(smallest(walls)), seconds(largest(walls)),
                          seconds(median(starts)), seconds(median(restores)), seconds(median(steps)),
                          seconds(median(rest)), percent(median(steps), median(walls)),
                          ratio(median(rest), median(steps))});
  }
  return table;
}

Table measure_reset(Bench &bench) {
  const int rounds = bench.options().rounds;
  const int new_guests = bench.rounds(kNewGuests);
  Table table{
      fmt::format("reset of a guest: {} in place, {} in a new QEMU from the store (seconds)", rounds, new_guests),
      {"CPUs", "in place", "p99", "against 1", "new: start", "new: restore", "new/in place", "digests"},
      {},
      {}};
  double one_cpu = 0;
  for (const char *cpus : {"1", "2", "4", "8"}) {
    const auto arguments = one_guest(bench, cpus);
    bench.passing(arguments);
    // The first case gets a new QEMU.
    const ToolRun run = bench.warm(repeated(arguments, rounds + 1));
    const auto in_place = restores_in_place(run);
    std::vector<double> starts, restores;
    for (int round = 0; round < new_guests; ++round) {
      const ToolRun single = bench.warm(arguments);
      starts.push_back(sum(figures(single, "start")));
      restores.push_back(sum(figures(single, "restore")));
    }
    const double middle = median(in_place);
    if (one_cpu == 0) one_cpu = middle;
    table.rows.push_back({cpus, seconds(middle), seconds(percentile(in_place, kTail)), ratio(middle, one_cpu),
                          seconds(median(starts)), seconds(median(restores)),
                          ratio(median(starts) + median(restores), middle), std::to_string(distinct_digests(run))});
  }
  return table;
}

Table measure_repeat(Bench &bench) {
  Table table{fmt::format("many cases of one plan ({}, 1 CPU, -j 1), warm store (seconds, MiB)", kPlan),
              {"cases", "wall", "per case", "each further", "against 10", "VmHWM", "files left", "processes left"},
              {},
              {}};
  std::vector<int> counts = {1, 10, 100};
  if (bench.options().long_run) counts.push_back(1000);
  const auto arguments = one_guest(bench, "1");
  bench.passing(arguments);
  double first = 0;
  double further_of_ten = 0;
  for (const int count : counts) {
    const ToolRun run = bench.warm(repeated(arguments, count));
    const Bench::Remains remains = bench.remains();
    if (count == 1) first = run.wall;
    const double further = count == 1 ? 0 : (run.wall - first) / (count - 1);
    if (count == 10) further_of_ten = further;
    table.rows.push_back({std::to_string(count), seconds(run.wall), seconds(run.wall / count),
                          count == 1 ? "-" : seconds(further), ratio(further, further_of_ten),
                          mib(static_cast<double>(run.peak_kib)), std::to_string(remains.files),
                          std::to_string(remains.processes)});
  }
  return table;
}

Table measure_memory(Bench &bench) {
  const int cases = std::max(bench.options().rounds, kMemoryCases);
  Table table{fmt::format("memory of running QEMUs ({}, 1 CPU, {} cases): PSS of all together (MiB)", kPlan, cases),
              {"-j", "QEMUs", "samples", "median", "most", "per guest", "each further guest", "controller"},
              {},
              {}};
  const std::vector<std::string> arguments = {bench.plan(kPlan), "--cpus", "1"};
  bench.passing(arguments);
  Sampled before;
  for (const char *jobs : {"1", "2"}) {
    auto words = repeated(arguments, cases);
    words.insert(words.end(), {"-j", jobs});
    const ToolRun run = bench.warm(words, Watch::guests);
    const Sampled sampled = busiest(run);
    const double middle = median(sampled.pss_kib);
    const auto guests = static_cast<double>(sampled.guests);
    const auto more = guests - static_cast<double>(before.guests);
    table.rows.push_back({jobs, std::to_string(sampled.guests), std::to_string(sampled.pss_kib.size()), mib(middle),
                          mib(largest(sampled.pss_kib)), mib(middle / guests),
                          before.guests == 0 || more <= 0 ? "-" : mib((middle - median(before.pss_kib)) / more),
                          mib(static_cast<double>(run.peak_kib))});
    before = sampled;
  }
  return table;
}

}  // namespace kmodtest::bench
