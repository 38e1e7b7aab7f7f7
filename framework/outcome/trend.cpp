// SPDX-License-Identifier: GPL-2.0-or-later
#include "outcome/trend.hpp"

#include <algorithm>
#include <cmath>

#include "outcome/result.hpp"
#include "outcome/timings.hpp"

namespace kmodtest::outcome {

namespace {

/// Returns whether passing and not passing alternated in the earlier runs and this one.
bool takes_turns(const std::vector<judge::Outcome> &outcomes, bool passed_now) {
  constexpr int kTurns = 2;
  int turns = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const bool passed = outcomes[i] == judge::Outcome::passed;
    const bool next = i + 1 < outcomes.size() ? outcomes[i + 1] == judge::Outcome::passed : passed_now;
    if (passed != next) ++turns;
  }
  return turns >= kTurns;
}

bool is_slower(const std::vector<double> &before, double now) {
  constexpr double kLeast = 0.2, kHalf = 1.5, kScatter = 3, kToDeviation = 1.4826;
  if (before.size() < kEnoughRuns) return false;
  const double middle = median(before);
  std::vector<double> away;
  for (const double each : before) away.push_back(std::abs(each - middle));
  return now > std::max({middle + kLeast, middle * kHalf, middle + kScatter * kToDeviation * median(away)});
}

}  // namespace

const char *trend_name(Trend trend) {
  switch (trend) {
    case Trend::newly_failing:
      return "newly failing";
    case Trend::newly_passing:
      return "newly passing";
    case Trend::flaky:
      return "flaky";
    case Trend::slower:
      return "slower";
  }
  return "unknown";
}

Seconds comparable_time(const CaseFinished &finished) {
  return finished.took - finished.timings.build;
}

std::vector<Trend> trends_of(const CaseFinished &finished) {
  const Result result = result_of(finished);
  std::vector<Trend> trends;
  if (result == Result::skipped) return trends;
  const bool passed = result == Result::passed;
  const std::vector<judge::Outcome> &outcomes = finished.past.outcomes;
  if (!outcomes.empty()) {
    const bool before = outcomes.back() == judge::Outcome::passed;
    if (before && !passed && result != Result::flaky) trends.push_back(Trend::newly_failing);
    if (!before && passed) trends.push_back(Trend::newly_passing);
  }
  if (result == Result::flaky || takes_turns(outcomes, passed)) trends.push_back(Trend::flaky);
  if (passed && is_slower(finished.past.seconds, comparable_time(finished).count())) trends.push_back(Trend::slower);
  return trends;
}

}  // namespace kmodtest::outcome
