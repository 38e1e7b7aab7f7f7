// SPDX-License-Identifier: GPL-2.0-or-later
// Checks that cases are reproducible while the machine does other work.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <set>
#include <stdexcept>
#include <thread>
#include <unistd.h>
#include <utility>

#include "measurements.hpp"

namespace kmodtest::bench {

namespace {

namespace fs = std::filesystem;

/// Keeps every CPU of this machine busy, with one thread each.
class BusyLoops {
 public:
  BusyLoops() {
    for (long cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN); ++cpu) {
      threads_.emplace_back([this] {
        while (!end_) {
        }
      });
    }
  }
  ~BusyLoops() {
    end_ = true;
    for (std::thread &thread : threads_) thread.join();
  }
  BusyLoops(const BusyLoops &) = delete;
  BusyLoops &operator=(const BusyLoops &) = delete;

 private:
  std::atomic<bool> end_ = false;
  std::vector<std::thread> threads_;
};

/// Returns the first line in which two files differ, of each file.
std::pair<std::string, std::string> first_difference(const fs::path &one, const fs::path &other) {
  std::ifstream left(one);
  std::ifstream right(other);
  std::string a;
  std::string b;
  while (std::getline(left, a) && std::getline(right, b) && a == b) {
  }
  return {a, b};
}

/// The folder of artifacts of a case's first run with a digest, by case and digest.
using Folders = std::map<std::string, std::map<std::string, fs::path>>;

/// Prints where the runs of a case differ, and keeps their artifacts.
void show_differences(const Folders &folders) {
  for (const auto &[id, by_digest] : folders) {
    if (by_digest.size() < 2) continue;
    const fs::path kept = fs::current_path() / "digests-differ" / id;
    fs::create_directories(kept);
    for (const auto &[digest, folder] : by_digest) {
      fs::copy(folder, kept / digest.substr(0, 8), fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    }
    const auto [one, other] = first_difference(by_digest.begin()->second / "events.jsonl",
                                               std::next(by_digest.begin())->second / "events.jsonl");
    fmt::print(stderr, "{}: {} digests, see {}\n  {:.300}\n  {:.300}\n", id, by_digest.size(), kept.string(), one,
               other);
  }
}

constexpr int kAtOnce = 10;  // repeats in one call: their artifacts are on the disk at the same time

/// Runs the plans' cases with that many CPUs `rounds` times, and collects the digests of each case.
class Rounds {
 public:
  Rounds(Bench &bench, int cpus) : bench_(bench), cpus_(cpus) {}

  void run() {
    for (int done = 0; done < bench_.options().rounds; done += kAtOnce) {
      const fs::path out = bench_.scratch() / "out";
      const int repeats = std::min(kAtOnce, bench_.options().rounds - done);
      const ToolRun run = bench_.run({bench_.options().testplans, "--cpus", std::to_string(cpus_), "-j", "2",
                                      "--repeat", std::to_string(repeats), "--out", out});
      for (const CaseFigures &figures : run.cases) add(figures);
      fs::remove_all(out);
    }
  }
  /// Returns a row of the table; `load` is the other work on the machine.
  std::vector<std::string> row(const std::string &load) const {
    std::size_t runs = 0;
    std::size_t differ = 0;
    std::size_t same = 0;
    for (const auto &[id, by_digest] : seen_) {
      std::size_t all = 0;
      std::size_t most = 0;
      for (const auto &[digest, count] : by_digest) {
        all += count;
        most = std::max(most, count);
      }
      runs += all;
      differ += all - most;
      if (by_digest.size() == 1) ++same;
    }
    return {std::to_string(cpus_), load, fmt::format("{} of {}", passed_, runs),
            fmt::format("{} of {}", same, seen_.size()), std::to_string(differ)};
  }
  const Folders &folders() const { return folders_; }

 private:
  void add(const CaseFigures &figures) {
    if (figures.outcome == "passed") ++passed_;
    if (++seen_[figures.id][figures.digest] > 1) return;
    const fs::path kept = bench_.scratch() / "kept" / std::to_string(cpus_) / std::to_string(++kept_);
    fs::create_directories(kept.parent_path());
    fs::rename(figures.artifacts, kept);
    folders_[figures.id][figures.digest] = kept;
  }

  Bench &bench_;
  int cpus_;
  std::size_t passed_ = 0;
  std::size_t kept_ = 0;
  std::map<std::string, std::map<std::string, std::size_t>> seen_;
  Folders folders_;
};

}  // namespace

Table measure_digests(Bench &bench) {
  Table table{fmt::format("digests of the plans of testplans, {} times each, -j 2, warm store", bench.options().rounds),
              {"CPUs", "other load", "passed", "cases of one digest", "runs that differ"},
              {},
              {}};
  for (const int cpus : {1, 2, 4, 8}) {
    bench.run({bench.options().testplans, "--cpus", std::to_string(cpus), "-j", "2"});
    Rounds rounds(bench, cpus);
    rounds.run();
    table.rows.push_back(rounds.row("nothing"));
    {
      const BusyLoops loops;
      rounds.run();
    }
    table.rows.push_back(rounds.row("busy loops"));
    show_differences(rounds.folders());
  }
  table.note = "Busy loops: one for each CPU of the machine; these rows include the runs of the row above.";
  return table;
}

}  // namespace kmodtest::bench
