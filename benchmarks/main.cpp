// SPDX-License-Identifier: GPL-2.0-or-later
// kmodtest-bench [--kmodtest FILE] [--testplans DIR] [--rounds N]: measures what the README claims;
// benchmarks/README.md says how to read the table.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fmt/core.h>
#include <numeric>
#include <string>
#include <unistd.h>
#include <vector>

#include <CLI/CLI.hpp>

#include "inputs.hpp"
#include "tool_run.hpp"

namespace {

using namespace kmodtest::bench;

constexpr std::size_t kBigModuleBytes = 5'000'000;
constexpr double kMegabyte = 1e6;
constexpr double kKibPerMib = 1024;

struct Options {
  std::filesystem::path kmodtest = KMODTEST_BINARY;
  std::filesystem::path testplans = KMODTEST_SOURCE "/testplans";
  int rounds = 5;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// One figure of each case, e.g. "boot".
std::vector<double> figures(const ToolRun &run, const std::string &timing) {
  std::vector<double> values;
  for (const CaseFigures &figures : run.cases) values.push_back(figures.timings.at(timing));
  return values;
}

double sum(const std::vector<double> &values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

/// A figure of a run in which something failed says nothing.
ToolRun must_pass(ToolRun run) {
  if (run.exit_status != 0) throw std::runtime_error(fmt::format("exit {}:\n{}", run.exit_status, run.output));
  return run;
}

void print_machine(const ToolRun &run) {
  double load[1] = {0};
  if (getloadavg(load, 1) != 1) load[0] = 0;
  fmt::print("machine: {} CPUs online, load {:.2f} at the start; {}\n", sysconf(_SC_NPROCESSORS_ONLN), load[0],
             run.hypervisor);
}

/// Seconds from the start of QEMU to the agent's READY.
void measure_boot(const Options &options, const ScratchFolder &scratch) {
  const auto plan = write_plan(scratch.path(), "bench_small", options.rounds).string();
  fmt::print("\ntime to READY, one guest at a time, {} rounds (seconds)\n", options.rounds);
  fmt::print("  {:>4}  {:>8} {:>8} {:>8}  {:>8} {:>8}  {:>12}\n", "CPUs", "median", "best", "worst", "start", "stop",
             "against 1");
  double one_cpu = 0;
  for (const char *cpus : {"1", "2", "4", "8"}) {
    const ToolRun run = must_pass(run_tool(options.kmodtest, {"run", plan, "--cpus", cpus, "-j", "1"}, scratch.path()));
    const auto boots = figures(run, "boot");
    const double middle = median(boots);
    if (one_cpu == 0) one_cpu = middle;
    fmt::print("  {:>4}  {:>8.2f} {:>8.2f} {:>8.2f}  {:>8.2f} {:>8.2f}  {:>11.2f}x\n", cpus, middle,
               *std::min_element(boots.begin(), boots.end()), *std::max_element(boots.begin(), boots.end()),
               median(figures(run, "start")), median(figures(run, "stop")), middle / one_cpu);
    std::fflush(stdout);
  }
}

void measure_push(const Options &options, const ScratchFolder &scratch) {
  const auto plan = write_plan(scratch.path(), "bench_big", options.rounds).string();
  const ToolRun run = must_pass(run_tool(options.kmodtest, {"run", plan, "--cpus", "1", "-j", "1"}, scratch.path()));
  const double push = median(figures(run, "push"));
  fmt::print("\npush of a module of {:.1f} MB: {:.3f} s, {:.1f} MB/s (median of {})\n", kBigModuleBytes / kMegabyte,
             push, kBigModuleBytes / kMegabyte / push, run.cases.size());
}

/// The main job, one guest at a time and as many as there are CPUs.
void measure_testplans(const Options &options, const ScratchFolder &scratch) {
  fmt::print("\nkmodtest run testplans --cpus 1,2,4 (seconds)\n");
  fmt::print("  {:>8}  {:>6} {:>7} {:>8} {:>8} {:>8} {:>8} {:>8}  {:>10} {:>12} {:>12}\n", "guests", "cases", "passed",
             "wall", "boot", "steps", "guest", "case", "speed-up", "guest/wall", "memory MiB");
  double one_at_a_time = 0;
  for (const std::string &jobs : {std::string("1"), std::to_string(sysconf(_SC_NPROCESSORS_ONLN))}) {
    const ToolRun run =
        run_tool(options.kmodtest, {"run", options.testplans.string(), "--cpus", "1,2,4", "-j", jobs}, scratch.path());
    if (one_at_a_time == 0) one_at_a_time = run.wall;
    std::vector<double> took;
    for (const CaseFigures &figures : run.cases) took.push_back(figures.took);
    const auto passed = std::count_if(run.cases.begin(), run.cases.end(),
                                      [](const CaseFigures &figures) { return figures.outcome == "passed"; });
    const double guest = sum(figures(run, "guest"));
    fmt::print("  {:>8}  {:>6} {:>7} {:>8.1f} {:>8.1f} {:>8.1f} {:>8.1f} {:>8.2f}  {:>9.2f}x {:>12.2f} {:>12.1f}\n",
               jobs, run.cases.size(), passed, run.wall, sum(figures(run, "boot")), sum(figures(run, "steps")), guest,
               median(took), one_at_a_time / run.wall, guest / run.wall,
               static_cast<double>(run.peak_kib) / kKibPerMib);
    std::fflush(stdout);
  }
}

void measure(const Options &options) {
  const ScratchFolder scratch;
  write_module(scratch.path(), "bench_small", 1);
  write_module(scratch.path(), "bench_big", kBigModuleBytes);

  // Kernel, initramfs, modules and QEMU's pages: the first run pays for them, the measured ones do not.
  const auto plan = write_plan(scratch.path(), "bench_small", 1).string();
  print_machine(must_pass(run_tool(options.kmodtest, {"run", plan}, scratch.path())));
  run_tool(options.kmodtest, {"run", options.testplans.string(), "--cpus", "1"}, scratch.path());

  measure_boot(options, scratch);
  measure_push(options, scratch);
  measure_testplans(options, scratch);
}

}  // namespace

int main(int argc, char **argv) {
  Options options;
  CLI::App app("Measures kmodtest on this machine; leave it alone meanwhile.", "kmodtest-bench");
  app.add_option("--kmodtest", options.kmodtest, "the program to measure")->type_name("FILE");
  app.add_option("--testplans", options.testplans, "the plans of the main job")->type_name("DIR");
  app.add_option("--rounds", options.rounds, "guests per figure (default 5)")
      ->check(CLI::Range(1, 100))
      ->type_name("N");
  CLI11_PARSE(app, argc, argv);
  try {
    measure(options);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "kmodtest-bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
