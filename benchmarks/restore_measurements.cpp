// SPDX-License-Identifier: GPL-2.0-or-later
// Restoring what a case has changed, against restoring everything.
#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <set>
#include <string>
#include <vector>

#include "measurements.hpp"
#include "statistics.hpp"

namespace kmodtest::bench {

namespace {

constexpr int kTurns = 3;
constexpr const char *kVariable = "KMODTEST_RESTORE";

/// Figures of cases whose QEMU was already running.
struct Way {
  std::vector<double> restores, steps, cases;
  std::set<std::string> digests;

  void add(const ToolRun &run) {
    for (const CaseFigures &figures : run.cases) {
      digests.insert(figures.digest);
      if (figures.timings.at("start") > 0) continue;
      restores.push_back(figures.timings.at("restore"));
      steps.push_back(figures.timings.at("steps"));
      cases.push_back(figures.took);
    }
  }
};

/// Runs a command with kmodtest's variable set to `value`, or not set.
template <class Run>
ToolRun with_restore(const char *value, Run run) {
  if (value != nullptr) ::setenv(kVariable, value, 1);
  ToolRun result = run();
  ::unsetenv(kVariable);
  return result;
}

}  // namespace

Table measure_restore(Bench &bench) {
  const int cases = std::max(bench.options().rounds / kTurns, 2);
  Table table{
      fmt::format("a case in a running QEMU (ex7_1): what it changed is restored, or everything; {} cases, {} times "
                  "by turns (seconds, medians)",
                  cases, kTurns),
      {"CPUs", "restore", "all", "all/changed", "steps", "all", "all/changed", "case", "all", "all/changed", "digests"},
      {},
      {}};
  for (const char *cpus : {"1", "2", "4"}) {
    const std::vector<std::string> one = {bench.plan("ex7_1"), "--cpus", cpus, "-j", "1"};
    std::vector<std::string> many = one;
    many.insert(many.end(), {"--repeat", std::to_string(cases)});
    Way changed, all;
    for (const char *value : {static_cast<const char *>(nullptr), "all"}) {
      with_restore(value, [&] { return bench.passing(one); });
    }
    for (int turn = 0; turn < kTurns; ++turn) {
      changed.add(with_restore(nullptr, [&] { return bench.warm(many); }));
      all.add(with_restore("all", [&] { return bench.warm(many); }));
    }
    std::vector<std::string> row{cpus};
    for (const auto figures : {&Way::restores, &Way::steps, &Way::cases}) {
      const double fast = median(changed.*figures), slow = median(all.*figures);
      row.insert(row.end(), {seconds(fast), seconds(slow), ratio(slow, fast)});
    }
    std::set<std::string> digests = changed.digests;
    digests.insert(all.digests.begin(), all.digests.end());
    row.push_back(std::to_string(digests.size()));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace kmodtest::bench
