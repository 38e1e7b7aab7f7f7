// SPDX-License-Identifier: GPL-2.0-or-later
#include "outcome/result.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

#include "judge/observations.hpp"
#include "text/cpu_list.hpp"

namespace kmodtest::outcome {

namespace {

using judge::Outcome;

constexpr std::array<std::pair<Result, Outcome>, 7> kOutcomes = {{{Result::passed, Outcome::passed},
                                                                  {Result::failed, Outcome::failed},
                                                                  {Result::crashed, Outcome::crashed},
                                                                  {Result::hung, Outcome::hung},
                                                                  {Result::leaked, Outcome::leaked},
                                                                  {Result::errored, Outcome::errored},
                                                                  {Result::skipped, Outcome::skipped}}};

/// Returns the judge's outcome for a result; the judge does not know `flaky`.
Outcome outcome_of(Result result) {
  const auto *found =
      std::find_if(kOutcomes.begin(), kOutcomes.end(), [result](const auto &pair) { return pair.first == result; });
  return found == kOutcomes.end() ? Outcome::passed : found->second;
}

}  // namespace

Result result_of(const CaseFinished &finished) {
  if (finished.flaky()) return Result::flaky;
  const Outcome outcome = finished.verdict.outcome;
  const auto *found =
      std::find_if(kOutcomes.begin(), kOutcomes.end(), [outcome](const auto &pair) { return pair.second == outcome; });
  return found == kOutcomes.end() ? Result::errored : found->first;
}

std::size_t number_of(const RunFinished &finished, Result result) {
  if (result == Result::flaky) return finished.flaky;
  const auto index = static_cast<std::size_t>(outcome_of(result));
  return index < finished.by_outcome.size() ? finished.by_outcome[index] : 0;
}

std::string result_name(Result result) {
  return result == Result::flaky ? "flaky" : judge::outcome_name(outcome_of(result));
}

std::string result_word(Result result) {
  std::string word = result_name(result);
  if (!word.empty() && word[0] >= 'a' && word[0] <= 'z') word[0] = static_cast<char>(word[0] - 'a' + 'A');
  return word;
}

bool went_well(Result result) {
  return result == Result::passed || result == Result::skipped;
}

Result gravest(const std::vector<Result> &results) {
  for (const Result result : {Result::crashed, Result::hung, Result::leaked, Result::failed, Result::errored,
                              Result::flaky, Result::passed, Result::skipped}) {
    if (std::find(results.begin(), results.end(), result) != results.end()) return result;
  }
  return Result::errored;
}

bool had_a_guest(const CaseFinished &finished) {
  return finished.seen && finished.seen->ending.kind != judge::Ending::Kind::not_started;
}

int cpus_of(const CaseFinished &finished) {
  if (!finished.seen || !finished.seen->agent) return finished.test_case->guest.cpus;
  const auto ranges = text::cpu_ranges(finished.seen->agent->cpus_online);
  if (!ranges || ranges->empty()) return finished.test_case->guest.cpus;
  std::int64_t online = 0;
  for (const text::CpuRange &range : *ranges) online += range.last - range.first + 1;
  return static_cast<int>(online);
}

std::uint32_t points_of(const plan::Case &test_case) {
  std::uint32_t points = 0;
  for (const plan::Step &step : test_case.steps) points += step.points;
  return points;
}

std::string label(const plan::Case &test_case, int repeat) {
  return repeat > 1 ? fmt::format("{} #{}", test_case.id, repeat) : test_case.id;
}

}  // namespace kmodtest::outcome
