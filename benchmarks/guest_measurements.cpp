// SPDX-License-Identifier: GPL-2.0-or-later
// The cost of a guest alone: its first boot, pushing files into it, and another tool's guest for comparison.
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

#include "measurements.hpp"
#include "statistics.hpp"

namespace kmodtest::bench {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBigModuleBytes = 5'000'000;
constexpr double kMegabyte = 1e6;
constexpr int kFirstBoots = 3;  ///< each leaves a snapshot of about 70 MB
constexpr int kPushes = 10;
constexpr int kVngCases = 10;
constexpr int kVngRuns = 3;

/// Returns a parameter for the kernel's command line that no guest ever had, so that it is not in the store.
std::string new_guest(int number) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return fmt::format("append: kmodtest.bench={}-{}-{}", std::chrono::duration_cast<std::chrono::seconds>(now).count(),
                     getpid(), number);
}

bool on_path(const std::string &program) {
  const char *path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((fs::path(folder) / program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace

Table measure_first(Bench &bench) {
  const int rounds = bench.rounds(kFirstBoots);
  Table table{
      fmt::format("first run of a guest that the store does not have, median of {} (seconds)", rounds),
      {"CPUs", "READY", "against 1", "READY and save", "first command", "second command", "first/second"},
      {},
      fmt::format("The {} snapshots of this table stay in the cache until it is pruned (kmodtest cache).", 4 * rounds)};
  write_module(bench.scratch(), "bench_small", 1);
  double one_cpu = 0;
  int number = 0;
  for (const char *cpus : {"1", "2", "4", "8"}) {
    std::vector<double> boots, saves, firsts, second_walls;
    for (int round = 0; round < rounds; ++round) {
      const std::string plan = write_plan(bench.scratch(), "bench_small", 1, new_guest(++number));
      const std::vector<std::string> arguments = {plan, "--cpus", cpus, "-j", "1"};
      auto without = arguments;
      without.emplace_back("--no-snapshot");
      // Runs first, because it also builds the module.
      boots.push_back(sum(figures(bench.passing(without), "boot")));
      const ToolRun first = bench.passing(arguments);
      saves.push_back(sum(figures(first, "boot")));
      firsts.push_back(first.wall);
      second_walls.push_back(bench.warm(arguments).wall);
    }
    if (one_cpu == 0) one_cpu = median(boots);
    table.rows.push_back({cpus, seconds(median(boots)), ratio(median(boots), one_cpu), seconds(median(saves)),
                          seconds(median(firsts)), seconds(median(second_walls)),
                          ratio(median(firsts), median(second_walls))});
  }
  return table;
}

Table measure_push(Bench &bench) {
  const int rounds = bench.rounds(kPushes);
  Table table{fmt::format("push of a module of {:.1f} MB, real time, median of {} (seconds)",
                          kBigModuleBytes / kMegabyte, rounds),
              {"channel", "push", "MB/s", "steps", "push and steps"},
              {},
              {}};
  write_module(bench.scratch(), "bench_big", kBigModuleBytes);
  for (const char *channel : {"virtio", "memory"}) {
    const std::string plan = write_plan(bench.scratch(), "bench_big", rounds, fmt::format("channel: {}", channel));
    const std::vector<std::string> arguments = {plan, "--cpus", "1", "-j", "1", "--time", "real"};
    const ToolRun run = bench.passing(arguments);
    const double push = median(figures(run, "push"));
    const double steps = median(figures(run, "steps"));
    table.rows.push_back({channel, seconds(push), fmt::format("{:.1f}", kBigModuleBytes / kMegabyte / push),
                          seconds(steps), seconds(push + steps)});
  }
  return table;
}

Table measure_vng(Bench &bench) {
  const int rounds = bench.rounds(kVngRuns);
  Table table{
      fmt::format("virtme-ng compared with one plan from a warm store, both emulated, median of {} (seconds)", rounds),
      {"CPUs", "script", "cases", "vng", "kmodtest", "vng/kmodtest"},
      {},
      "kmodtest also loads and unloads a module. Several cases are several calls of vng, but one call of kmodtest."};
  if (!on_path("vng")) {
    table.note = "virtme-ng is not installed: there is no vng in PATH.";
    return table;
  }
  write_module(bench.scratch(), "bench_small", 1);
  const auto compare = [&](const std::string &cpus, const std::string &sleep, int cases, int times) {
    std::vector<std::string> arguments = {"--run"};
    if (!bench.options().vng_kernel.empty()) arguments.push_back(bench.options().vng_kernel.string());
    arguments.insert(arguments.end(),
                     {"--disable-kvm", "--cpus", cpus, "--memory", "256M", "--exec", "sleep " + sleep});
    const std::string plan = write_plan(bench.scratch(), "bench_small", 1, "", sleep + "s");
    const std::vector<std::string> ours = {plan, "--cpus",   cpus,       "-j",
                                           "1",  "--no-kvm", "--repeat", std::to_string(cases)};
    bench.passing(ours);
    std::vector<double> theirs, walls;
    for (int round = 0; round < times; ++round) {
      double all = 0;
      for (int number = 0; number < cases; ++number) {
        const ToolRun run = run_program("vng", arguments, bench.scratch());
        if (run.exit_status != 0) {
          throw std::runtime_error(fmt::format("vng: exit {}:\n{}", run.exit_status, run.output));
        }
        all += run.wall;
      }
      theirs.push_back(all);
      walls.push_back(bench.warm(ours).wall);
    }
    table.rows.push_back({cpus, "sleep " + sleep, std::to_string(cases), seconds(median(theirs)),
                          seconds(median(walls)), ratio(median(theirs), median(walls))});
  };
  for (const char *cpus : {"1", "2", "4"}) {
    for (const char *sleep : {"0", "10"}) compare(cpus, sleep, 1, rounds);
  }
  compare("2", "10", kVngCases, 1);
  return table;
}

}  // namespace kmodtest::bench
