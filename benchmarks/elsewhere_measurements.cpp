// SPDX-License-Identifier: GPL-2.0-or-later
// The same cases here, on a Slurm and on hosts over ssh that are all this machine.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <stdexcept>
#include <utility>

#include "measurements.hpp"
#include "statistics.hpp"

namespace kmodtest::bench {

namespace fs = std::filesystem;

namespace {

constexpr int kCases = 60;

/// Machines that a script of the tests sets up in a folder, as long as this exists.
class Machines {
 public:
  Machines(std::string script, fs::path folder)
      : script_(KMODTEST_SOURCE "/tests/e2e/" + std::move(script)), folder_(std::move(folder)) {
    fs::create_directories(folder_);
    fs::permissions(folder_, fs::perms(0711));
    const ToolRun run = run_program("/bin/sh", {script_, "start", folder_.string()}, folder_);
    if (run.exit_status != 0) throw std::runtime_error(run.output);
  }
  ~Machines() { run_program("/bin/sh", {script_, "stop", folder_.string()}, folder_); }
  Machines(const Machines &) = delete;
  Machines &operator=(const Machines &) = delete;

 private:
  std::string script_;
  fs::path folder_;
};

struct Times {
  std::vector<double> first, all;
};

/// Runs the cases so often, after one time that does not count. Each run has a history that knows nothing, so that all
/// are split in the same way.
Times times_of(const Bench &bench, const std::string &plan, const std::vector<std::string> &more, int rounds) {
  Times times;
  for (int round = 0; round <= rounds; ++round) {
    const fs::path history = bench.scratch() / "no history.json";
    fs::remove(history);
    std::vector<std::string> words = {"run", plan, "--no-kvm", "--history", history.string()};
    words.insert(words.end(), more.begin(), more.end());
    const auto start = std::chrono::steady_clock::now();
    const Background run(bench.options().kmodtest, words, bench.scratch());
    const double first = run.until_printed("Passed", 1, start);
    const double all = run.until_printed(fmt::format("{} passed in", kCases), 1, start);
    if (round == 0) continue;
    times.first.push_back(first);
    times.all.push_back(all);
  }
  return times;
}

}  // namespace

Table measure_machines(Bench &bench) {
  constexpr int kRounds = 3;
  constexpr std::size_t kModule = 20'000;
  const int rounds = bench.rounds(kRounds);
  Table table{
      fmt::format("{} cases with two guests at once: here, and in two shards with one guest each, {} times (seconds)",
                  kCases, rounds),
      {"where", "first result", "all", "against here"},
      {},
      "Slurm's two nodes and both hosts are this machine, so the ratio shows what shards cost, not what machines "
      "gain."};
  write_module(bench.scratch(), "elsewhere", kModule);
  const std::string plan = write_plan(bench.scratch(), "elsewhere", kCases, "").string();
  double here = 0;
  const auto add = [&](const std::string &name, const std::vector<std::string> &more) {
    const Times times = times_of(bench, plan, more, rounds);
    if (here == 0) here = median(times.all);
    table.rows.push_back(
        {name, seconds(median(times.first)), seconds(median(times.all)), ratio(median(times.all), here)});
  };
  add("here, -j 2", {"-j", "2"});
  add("--on 'sh {}'", {"-j", "1", "--shards", "2", "--on", "sh {}"});
  {
    const fs::path folder = bench.scratch() / "slurm";
    const Machines slurm("one_slurm.sh", folder);
    ::setenv("SLURM_CONF", (folder / "slurm.conf").c_str(), 1);
    add("--on slurm", {"-j", "1", "--shards", "2", "--on", "slurm"});
  }
  const fs::path folder = bench.scratch() / "hosts";
  const Machines hosts("two_hosts.sh", folder);
  const char *path = std::getenv("PATH");
  ::setenv("PATH", ((folder / "bin").string() + ":" + (path != nullptr ? path : "/usr/bin:/bin")).c_str(), 1);
  add("--on ssh:one,two", {"-j", "1", "--shards", "2", "--on", "ssh:one,two"});
  return table;
}

}  // namespace kmodtest::bench
