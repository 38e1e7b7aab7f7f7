// SPDX-License-Identifier: GPL-2.0-or-later
// kmodtest-bench [--only TABLE,…] [--rounds N] [--markdown]: measures the figures of the documentation.
// benchmarks/README.md explains the tables.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fmt/core.h>
#include <string>
#include <unistd.h>
#include <vector>

#include <CLI/CLI.hpp>

#include "bench.hpp"
#include "machine.hpp"
#include "measurements.hpp"
#include "table.hpp"

namespace {

using namespace kmodtest::bench;

struct Measurement {
  const char *name;  ///< for --only
  Table (*measure)(Bench &bench);
  bool on_demand = false;  ///< only with --only: it takes long
};

constexpr Measurement kMeasurements[] = {
    {"plan", measure_plan},
    {"reset", measure_reset},
    {"restore", measure_restore},
    {"plans", measure_plans},
    {"phases", measure_phases},
    {"repeat", measure_repeat},
    {"memory", measure_memory},
    {"first", measure_first},
    {"modes", measure_modes},
    {"boots", measure_boots},
    {"push", measure_push},
    {"vng", measure_vng},
    {"html", measure_html},
    {"tracing", measure_tracing},
    {"coverage", measure_coverage},
    {"races", measure_races},
    {"order", measure_race_order},
    {"watch", measure_watch},
    {"shards", measure_shards},
    {"hosts", measure_hosts},
    {"merge", measure_merge},
    {"nodes", measure_nodes},
    {"machines", measure_machines, true},
    {"explore", measure_explore, true},
    {"replays", measure_replays, true},
    {"plain", measure_plain_runs, true},
    {"twins", measure_twins, true},
    {"found", measure_races_found, true},
    {"digests", measure_digests, true},
    {"cpus", measure_cpus, true},
};

void print_machine(const Bench &bench) {
  double load[1] = {0};
  if (getloadavg(load, 1) != 1) load[0] = 0;
  // Fetches the kernel, makes the boot files and builds the first module before anything is measured.
  const ToolRun run = bench.passing({bench.plan("ex7_1"), "--cpus", "1", "-j", "1"});
  fmt::print("machine: {} CPUs online, load {:.2f} at the start, {:.2f} µs for a fresh page of memory; {}\n",
             sysconf(_SC_NPROCESSORS_ONLN), load[0], microseconds_per_fresh_page(), run.hypervisor);
  std::fflush(stdout);
}

/// Measures the tables; one that cannot be measured does not stop the others. Returns whether all were measured.
bool measure(Bench &bench, const std::vector<std::string> &only, Format format) {
  print_machine(bench);
  bool all = true;
  for (const Measurement &measurement : kMeasurements) {
    const bool asked_for = std::find(only.begin(), only.end(), measurement.name) != only.end();
    if (!asked_for && (!only.empty() || measurement.on_demand)) continue;
    try {
      fmt::print("\n{}", render(measurement.measure(bench), format));
    } catch (const std::exception &error) {
      fmt::print("\n{}: could not be measured\n", measurement.name);
      fmt::print(stderr, "kmodtest-bench: {}: {}\n", measurement.name, error.what());
      all = false;
    }
    std::fflush(stdout);
  }
  return all;
}

}  // namespace

int main(int argc, char **argv) {
  Options options;
  options.kmodtest = KMODTEST_BINARY;
  options.testplans = KMODTEST_SOURCE "/testplans";
  std::vector<std::string> only;
  std::vector<std::string> names;
  for (const Measurement &measurement : kMeasurements) names.emplace_back(measurement.name);
  bool markdown = false;

  CLI::App app("Measures kmodtest on this machine. Do not use the machine meanwhile.", "kmodtest-bench");
  app.add_option("--only", only, "measure only these tables")
      ->delimiter(',')
      ->check(CLI::IsMember(names))
      ->type_name("TABLE,…");
  app.add_option("--rounds", options.rounds,
                 "measurements per figure (default 60; expensive ones are repeated less often)")
      ->check(CLI::Range(1, 1000))
      ->type_name("N");
  app.add_flag("--long", options.long_run, "also measure 1000 cases of one plan");
  app.add_flag("--markdown", markdown, "print tables to paste into a README");
  app.add_option("--kmodtest", options.kmodtest, "the program to measure")->type_name("FILE");
  app.add_option("--testplans", options.testplans, "the folder of the plans to run")->type_name("DIR");
  app.add_option("--vng-kernel", options.vng_kernel, "the kernel that virtme-ng boots (default: the running one)")
      ->type_name("FILE");
  CLI11_PARSE(app, argc, argv);
  try {
    watch_interrupts();
    Bench bench(options);
    return measure(bench, only, markdown ? Format::markdown : Format::text) ? 0 : 1;
  } catch (const Interrupted &) {
    return 128 + SIGINT;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "kmodtest-bench: %s\n", error.what());
    return 1;
  }
}
