// SPDX-License-Identifier: GPL-2.0-or-later
// The cost of a run of many plans: by guests at once, by phase, and by the way guests are made.
#include <fmt/format.h>
#include <set>
#include <unistd.h>

#include "measurements.hpp"
#include "statistics.hpp"

namespace kmodtest::bench {

namespace {

/// In the order in which they happen. "guest" is not a part of the wall time: it passes within the steps.
constexpr const char *kPhases[] = {"build", "start", "boot", "restore", "push", "steps", "stop"};

/// Returns the numbers of guests at once: one, two, and the number of the machine's CPUs.
std::set<int> guests_at_once() {
  return {1, 2, static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN))};
}

/// Returns the time outside of all phases.
std::vector<double> other(const ToolRun &run) {
  std::vector<double> values = took(run);
  for (const char *phase : kPhases) {
    const auto part = figures(run, phase);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] -= part[i];
  }
  return values;
}

}  // namespace

Table measure_plans(Bench &bench) {
  Table table{"kmodtest run testplans --cpus 1,2,4, warm store (seconds, MiB)",
              {"-j", "passed", "wall", "restore", "steps", "guest", "case", "speed-up", "guest/wall", "VmHWM"},
              {},
              {}};
  double one_at_a_time = 0;
  for (const int jobs : guests_at_once()) {
    const ToolRun &run = bench.testplans(jobs);
    if (one_at_a_time == 0) one_at_a_time = run.wall;
    const double guest = sum(figures(run, "guest"));
    table.rows.push_back({std::to_string(jobs), passed_of(run), seconds(run.wall),
                          seconds(sum(figures(run, "restore"))), seconds(sum(figures(run, "steps"))), seconds(guest),
                          seconds(median(took(run))), ratio(one_at_a_time, run.wall), ratio(guest, run.wall),
                          mib(static_cast<double>(run.peak_kib))});
  }
  return table;
}

Table measure_phases(Bench &bench) {
  Table table{"where the wall time of the cases of testplans goes (seconds)", {"phase"}, {}, {}};
  for (const char *phase : kPhases) table.rows.push_back({phase});
  table.rows.push_back({"other"});
  table.rows.push_back({"all"});
  for (const int jobs : {1, 2}) {
    const ToolRun &run = bench.testplans(jobs);
    for (const char *column : {"sum", "share", "median"})
      table.columns.push_back(fmt::format("-j {}: {}", jobs, column));
    const double whole = sum(took(run));
    auto row = table.rows.begin();
    const auto add = [&row, whole](const std::vector<double> &values) {
      row->insert(row->end(), {seconds(sum(values)), percent(sum(values), whole), seconds(median(values))});
      ++row;
    };
    for (const char *phase : kPhases) add(figures(run, phase));
    add(other(run));
    add(took(run));
  }
  return table;
}

Table measure_modes(Bench &bench) {
  Table table{"the plans of testplans with 2 CPUs, -j 2, warm store, by the guests' clock (seconds)",
              {"options", "passed", "wall", "restore", "steps", "guest", "guest/wall", "wall against the first"},
              {},
              "Deterministic is another word for virtual."};
  double first = 0;
  for (const char *time : {"virtual", "deterministic", "real"}) {
    const std::vector<std::string> arguments = {bench.options().testplans, "--cpus", "2", "-j", "2", "--time", time};
    const std::vector<std::string> warming = {bench.plan("ex7_1"), "--cpus", "2", "--time", time};
    bench.run(first == 0 ? arguments : warming);
    const ToolRun run = bench.run(arguments);
    if (first == 0) first = run.wall;
    const double guest = sum(figures(run, "guest"));
    table.rows.push_back({fmt::format("--time {}", time), passed_of(run), seconds(run.wall),
                          seconds(sum(figures(run, "restore"))), seconds(sum(figures(run, "steps"))), seconds(guest),
                          ratio(guest, run.wall), ratio(run.wall, first)});
  }
  return table;
}

Table measure_boots(Bench &bench) {
  constexpr int kRepeats = 5;
  Table table{
      fmt::format("ex7_1, {} times with each number of CPUs, -j 1: restored, and booted for each case (seconds)",
                  kRepeats),
      {"CPUs", "restored", "virtual, booted", "real, booted", "virtual, booted/restored", "real, booted/restored"},
      {},
      {}};
  for (const int cpus : {1, 2, 4}) {
    const auto per_case = [&](const std::vector<std::string> &more) {
      std::vector<std::string> arguments = {
          bench.plan("ex7_1"), "--cpus", std::to_string(cpus), "-j", "1", "--repeat", std::to_string(kRepeats)};
      arguments.insert(arguments.end(), more.begin(), more.end());
      return median(took(bench.passing(arguments)));
    };
    bench.passing({bench.plan("ex7_1"), "--cpus", std::to_string(cpus), "-j", "1"});
    const double restored = per_case({});
    const double booted = per_case({"--no-snapshot"});
    const double real = per_case({"--no-snapshot", "--time", "real"});
    table.rows.push_back({std::to_string(cpus), seconds(restored), seconds(booted), seconds(real),
                          ratio(booted, restored), ratio(real, restored)});
  }
  return table;
}

}  // namespace kmodtest::bench
