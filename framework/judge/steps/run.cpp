// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>
#include <string>
#include <tuple>
#include <vector>

#include "judge/steps/reading.hpp"
#include "shared/condition.hpp"

namespace kmodtest::judge {
namespace {

using namespace std::string_literals;

std::vector<std::string> streams(const wire::CommandEnded &ended) {
  std::vector<std::string> details;
  if (!ended.out.empty()) details.push_back("stdout:\n" + ended.out);
  if (!ended.err.empty()) details.push_back("stderr:\n" + ended.err);
  if (ended.truncated) details.emplace_back("(the streams were cut)");
  return details;
}

std::string exit_words(std::int64_t status) {
  constexpr std::int64_t kSignalled = 128;
  std::string words = fmt::format("status {}", status);
  if (status > kSignalled && status < kSignalled + 65) words += fmt::format(" (signal {})", status - kSignalled);
  return words;
}

}  // namespace

Reading read(const StepView &view, const wire::RunCommand &run) {
  // A background command is ended with the case: its exit status does not matter.
  if (run.background) return reading_held();
  const auto ended = view.of<wire::CommandEnded>();
  const bool expired = view.ended != nullptr && view.ended->result == wire::StepResult::expired;
  if (ended.empty() || expired) {
    Reading reading = reading_unknown("the command did not end");
    if (!ended.empty()) reading.details = streams(*ended.back());
    return reading;
  }
  const auto &last = *ended.back();
  Reading reading;
  reading.details = streams(last);
  if (!run.exit_status.contains(last.exit_status)) {
    reading.state = Reading::State::broken;
    reading.why = "the command ended with " + exit_words(last.exit_status);
    reading.expected = run.exit_status.min == run.exit_status.max
                           ? exit_words(run.exit_status.min)
                           : fmt::format("status {}..{}", run.exit_status.min, run.exit_status.max);
    reading.seen = exit_words(last.exit_status);
    if (last.err.find(kSuspends + ": Read-only"s) != std::string::npos) reading.hint = kNoSuspend;
    if (last.exit_status == 127) reading.hint = "the guest has busybox's commands and no others";
    return reading;
  }
  for (const auto &[condition, content, name] :
       {std::tuple(&run.out, &last.out, "stdout"), std::tuple(&run.err, &last.err, "stderr")}) {
    const auto evaluation = shared::evaluate(*condition, *content, name);
    if (evaluation.truth == shared::Truth::held) continue;
    reading.state = Reading::State::broken;
    reading.why = evaluation.why;
    reading.seen = *content;
    return reading;
  }
  return reading_held();
}

}  // namespace kmodtest::judge
