// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <string>
#include <vector>

#include "judge/always.hpp"
#include "observe/trend.hpp"

/// Finds growth with the rounds of a repeat step.
namespace kmodtest::judge {
namespace {

/// Below this a trend is not a leak of each load: one object in ten rounds, or 100 bytes per round.
constexpr double kLeastObjects = 0.1;
constexpr double kLeastKib = 0.1;

struct Growth {
  wire::MemoryRecord memory;
  observe::Trend trend;

  double bytes() const { return trend.slope * static_cast<double>(memory.unit_size); }
};

/// The counts of one name, one per time of counting.
struct Series {
  wire::MemoryRecord memory;
  std::vector<observe::CountAt> counts;
};

std::vector<Growth> growths_of(const std::vector<const wire::MemoryCounted *> &counted) {
  std::map<std::string, Series> all;
  for (const auto *one : counted) {
    for (const auto &record : one->changed) all[(record.slab ? "slab " : "") + record.name].memory = record;
    for (auto &[key, series] : all) {
      // A cache that was created later had nothing before.
      if (series.counts.empty() && one != counted.front()) series.counts.push_back({counted.front()->rounds, 0});
      series.counts.push_back({one->rounds, series.memory.count});
    }
  }
  std::vector<Growth> growths;
  for (const auto &[key, series] : all) {
    const auto trend = observe::estimate_trend(series.counts);
    if (!trend || !trend->grows) continue;
    if (trend->slope < (series.memory.slab ? kLeastObjects : kLeastKib)) continue;
    growths.push_back({series.memory, *trend});
  }
  std::stable_sort(growths.begin(), growths.end(),
                   [](const Growth &left, const Growth &right) { return left.bytes() > right.bytes(); });
  return growths;
}

std::string words_of(const Growth &growth) {
  const auto &trend = growth.trend;
  const std::string interval =
      fmt::format("95% confidence {:.2f}..{:.2f} over {} rounds", trend.low, trend.high, trend.rounds);
  if (growth.memory.name == wire::kPerCpuObjects) {
    return fmt::format("memory for each CPU (alloc_percpu) grows by {:.2f} allocations per round ({})", trend.slope,
                       interval);
  }
  if (growth.memory.slab) {
    return fmt::format("{} grows by {:.2f} objects per round ({} bytes each; {})", growth.memory.name, trend.slope,
                       growth.memory.unit_size, interval);
  }
  const std::string name = growth.memory.name == "pages"         ? "kernel memory in whole pages"
                           : growth.memory.name == "VmallocUsed" ? "memory from vmalloc"
                           : growth.memory.name == "Percpu"      ? "memory for each CPU (alloc_percpu)"
                                                                 : growth.memory.name;
  return fmt::format("{} grows by {:.2f} KiB per round ({})", name, trend.slope, interval);
}

}  // namespace

std::vector<Finding> check_growth(const CaseView &view) {
  std::vector<Finding> findings;
  const auto &checks = view.test_case.checks;
  if (!checks.leftovers) return findings;
  for (std::size_t i = 0; i < view.test_case.steps.size(); ++i) {
    const auto &guest = view.test_case.steps[i].guest;
    if (!guest || !std::holds_alternative<wire::Repeat>(guest->body)) continue;
    const StepView step(view, i);
    std::vector<Growth> growths = growths_of(step.of<wire::MemoryCounted>());
    std::erase_if(growths, [&](const Growth &growth) {
      // Such a kernel keeps freed memory for some time, and each stack that it has seen (KASAN, kmemleak).
      const bool of_the_checks = view.seen.kernel_checks_itself && growth.memory.name == "pages";
      return of_the_checks || any_matches(checks.allow, "growth:" + growth.memory.name);
    });
    if (growths.empty()) continue;
    Finding finding{.outcome = Outcome::leaked, .evidence = evidence_of(view, i)};
    auto &evidence = finding.evidence;
    evidence.summary = words_of(growths.front());
    evidence.expected = "nothing that grows with each load and unload";
    for (const auto &growth : growths) {
      if (!evidence.seen.empty()) evidence.seen += '\n';
      evidence.seen += words_of(growth);
    }
    evidence.hint = "something that a load allocates is not freed by the unload";
    if (!view.test_case.checks.memory) evidence.hint += "; a run with --check-memory names the place";
    evidence.permission = {.kind = Permission::Kind::growth, .name = "growth:" + growths.front().memory.name};
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace kmodtest::judge
