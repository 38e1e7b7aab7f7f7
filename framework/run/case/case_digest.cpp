// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/case/case_digest.hpp"

#include <algorithm>

#include "judge/judge.hpp"
#include "observe/races.hpp"
#include "observe/reports/reports.hpp"
#include "storage/digest.hpp"
#include "wire/frame.hpp"

namespace kmodtest::run {
namespace {

using judge::Ending;

/// Returns the outcome as far as these first messages show it.
judge::Outcome outcome_after(const plan::Case &test_case, const judge::Observations &all, std::size_t messages) {
  judge::Observations seen = all;
  seen.messages.resize(messages);
  seen.dissection.reset();
  seen.ending = {.kind = Ending::Kind::stopped_early, .detail = {}};
  return judge::judge(test_case, seen).outcome;
}

/// The same, whatever the plan expects.
judge::Outcome plain_outcome_after(plan::Case test_case, const judge::Observations &all, std::size_t messages) {
  test_case.expect.reset();
  return outcome_after(test_case, all, messages);
}

bool has_report(const wire::AgentMessage &message) {
  const auto *log = std::get_if<wire::LogLines>(&message);
  return log != nullptr && std::any_of(log->lines.begin(), log->lines.end(), observe::opens_report);
}

/// Returns how many messages come before the first report.
std::size_t before_report(const judge::Observations &seen, std::size_t messages) {
  const auto begin = seen.messages.begin();
  return static_cast<std::size_t>(std::find_if(begin, begin + static_cast<std::ptrdiff_t>(messages), has_report) -
                                  begin);
}

}  // namespace

std::optional<std::size_t> reproducible_messages(const judge::Observations &seen, const DigestedEnd &end) {
  if (end.decided_after) return end.decided_after;
  switch (seen.ending.kind) {
    case Ending::Kind::panicked:
    case Ending::Kind::guest_reset:
    case Ending::Kind::stuck:
      return seen.messages.size();
    default:
      return end.answered ? std::optional(seen.messages.size()) : std::nullopt;
  }
}

std::optional<CaseDigest> digest_of(const plan::Case &test_case, const judge::Observations &seen,
                                    const judge::Verdict &verdict, const DigestedEnd &end) {
  auto messages = reproducible_messages(seen, end);
  if (!messages) return std::nullopt;
  judge::Outcome outcome = verdict.outcome;
  if (end.decided_after) {
    outcome = outcome_after(test_case, seen, *messages);
    if (plain_outcome_after(test_case, seen, *messages) == judge::Outcome::hung)
      messages = before_report(seen, *messages);
  }
  storage::Sha256 digest;
  for (std::size_t index = 0; index < *messages; ++index) digest.field(wire::encode(seen.messages[index], 0));
  if (seen.races) {
    for (const observe::Race &race : seen.races->races)
      for (const std::string &line : race.lines) digest.field(line);
  }
  return CaseDigest{.messages = *messages, .text = digest.field(judge::outcome_name(outcome)).hex()};
}

}  // namespace kmodtest::run
