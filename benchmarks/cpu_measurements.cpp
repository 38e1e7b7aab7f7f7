// SPDX-License-Identifier: GPL-2.0-or-later
// The cost of guests with many CPUs.
#include <cstdlib>
#include <fmt/format.h>
#include <set>
#include <stdexcept>

#include "measurements.hpp"
#include "statistics.hpp"
#include "storage/files.hpp"

namespace kmodtest::bench {

namespace fs = std::filesystem;

namespace {

constexpr const char *kPlan = "ex7_4";
constexpr int kRounds = 10;
constexpr double kMiB = 1 << 20;

/// Returns the folder of kmodtest's snapshots (docs/internals/architecture.md).
fs::path snapshots() {
  if (const char *own = std::getenv("KMODTEST_CACHE"); own != nullptr) return fs::path(own) / "snapshots";
  if (const char *cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr) {
    return fs::path(cache) / "kmodtest" / "snapshots";
  }
  const char *home = std::getenv("HOME");
  return fs::path(home != nullptr ? home : "/") / ".cache" / "kmodtest" / "snapshots";
}

/// Returns the MiB on disk of the most recently used snapshot; its manifest is changed at each use.
double last_used_snapshot() {
  fs::path newest;
  fs::file_time_type when{};
  for (const auto &entry : fs::directory_iterator(snapshots())) {
    const fs::path manifest = entry.path() / "manifest.json";
    if (!fs::exists(manifest)) continue;
    const auto used = fs::last_write_time(manifest);
    if (newest.empty() || used > when) newest = entry.path();
    if (newest == entry.path()) when = used;
  }
  if (newest.empty()) throw std::runtime_error(snapshots().string() + " has no snapshot");
  return static_cast<double>(storage::disk_usage(newest)) / kMiB;
}

}  // namespace

Table measure_cpus(Bench &bench) {
  const int rounds = bench.rounds(kRounds);
  Table table{
      fmt::format("many CPUs: one boot, then {} cases of {} bound to the last CPU (seconds)", rounds, kPlan),
      {"CPUs", "READY", "snapshot (MiB)", "new: start", "new: restore", "in place", "steps", "guest", "digests"},
      {},
      {}};
  for (const int cpus : {1, 4, 16, 32, 64}) {
    const std::vector<std::string> arguments = {bench.plan(kPlan),
                                                "--cpus",
                                                std::to_string(cpus),
                                                "-j",
                                                "1",
                                                "--case",
                                                fmt::format("{} [cpus={} cpu={}]", kPlan, cpus, cpus - 1)};
    auto booted = arguments;
    booted.emplace_back("--no-snapshot");
    const double ready = sum(figures(bench.passing(booted), "boot"));
    bench.passing(arguments);
    const double size = last_used_snapshot();
    auto again = arguments;
    again.insert(again.end(), {"--repeat", std::to_string(rounds + 1)});
    const ToolRun run = bench.warm(again);
    std::set<std::string> digests;
    std::vector<double> in_place;
    for (const CaseFigures &one : run.cases) {
      digests.insert(one.digest);
      // The first case gets a new QEMU.
      if (&one != &run.cases.front()) in_place.push_back(one.timings.at("restore"));
    }
    const auto &first = run.cases.front().timings;
    table.rows.push_back({std::to_string(cpus), seconds(ready), fmt::format("{:.1f}", size), seconds(first.at("start")),
                          seconds(first.at("restore")), seconds(median(in_place)),
                          seconds(median(figures(run, "steps"))), seconds(median(figures(run, "guest"))),
                          std::to_string(digests.size())});
  }
  return table;
}

}  // namespace kmodtest::bench
