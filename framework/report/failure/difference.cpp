// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/failure/difference.hpp"

#include <algorithm>
#include <cstddef>
#include <fmt/format.h>
#include <span>

#include "judge/observations.hpp"
#include "outcome/result.hpp"
#include "report/formats/agent_message_json.hpp"
#include "text/escape.hpp"
#include "text/utf8.hpp"
#include "wire/frame.hpp"

namespace kmodtest::report {

namespace {

constexpr std::size_t kShownColumns = 160;  ///< columns of an agent message

/// Returns the messages of which the digest was made.
std::span<const wire::AgentMessage> messages_of(const outcome::CaseFinished &run) {
  if (!run.seen) return {};
  return std::span(run.seen->messages).first(std::min(run.digested, run.seen->messages.size()));
}

std::string shown(std::span<const wire::AgentMessage> messages, std::size_t at) {
  return at < messages.size() ? text::cut_to(text::printable(agent_message_json(messages[at])), kShownColumns) : "none";
}

}  // namespace

std::string first_difference(const outcome::CaseFinished &run, const outcome::CaseFinished &earlier) {
  if (run.digest == earlier.digest) return {};
  const auto here = messages_of(run);
  const auto there = messages_of(earlier);
  std::size_t at = 0;
  while (at < here.size() && at < there.size() && wire::encode(here[at], 0) == wire::encode(there[at], 0)) ++at;
  if (at == here.size() && at == there.size()) {
    return fmt::format("all agent messages are the same, but it {}, and {} before",
                       outcome::result_name(outcome::result_of(run)),
                       outcome::result_name(outcome::result_of(earlier)));
  }
  const std::string now = shown(here, at), before = shown(there, at);
  if (now == before) return fmt::format("agent message {} is {}, identical as far as it is shown", at + 1, now);
  return fmt::format("agent message {} is {}, was {}", at + 1, now, before);
}

}  // namespace kmodtest::report
