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

/// Reads the end of one command. `Wanted`: a step that has conditions on it.
template <class Wanted>
Reading read_end(const Wanted &wanted, const wire::CommandEnded &last) {
  Reading reading;
  reading.details = streams(last);
  if (!wanted.exit_status.contains(last.exit_status)) {
    reading.state = Reading::State::broken;
    reading.why = "the command ended with " + exit_words(last.exit_status);
    reading.expected = wanted.exit_status.min == wanted.exit_status.max
                           ? exit_words(wanted.exit_status.min)
                           : fmt::format("status {}..{}", wanted.exit_status.min, wanted.exit_status.max);
    reading.seen = exit_words(last.exit_status);
    if (last.err.find(kSuspends + ": Read-only"s) != std::string::npos) reading.hint = kNoSuspend;
    if (last.exit_status == 127)
      reading.hint = "the guest has busybox's commands; 'packages' and 'files' of the plan bring others";
    return reading;
  }
  for (const auto &[condition, content, name] :
       {std::tuple(&wanted.out, &last.out, "stdout"), std::tuple(&wanted.err, &last.err, "stderr")}) {
    const auto evaluation = shared::evaluate(*condition, *content, name);
    if (evaluation.truth == shared::Truth::held) continue;
    reading.state = Reading::State::broken;
    reading.why = evaluation.why;
    reading.seen = *content;
    return reading;
  }
  return reading_held();
}

/// Reads the ends of all commands of a step that started `copies` of them.
template <class Wanted>
Reading read_ends(const StepView &view, const Wanted &wanted, const std::vector<const wire::CommandEnded *> &ended,
                  std::size_t copies) {
  const bool expired = view.ended != nullptr && view.ended->result == wire::StepResult::expired;
  if (ended.size() < copies || expired) {
    Reading reading = reading_unknown("the command did not end");
    if (!ended.empty()) reading.details = streams(*ended.back());
    return reading;
  }
  for (const wire::CommandEnded *one : ended) {
    Reading reading = read_end(wanted, *one);
    if (reading.state != Reading::State::held) return reading;
  }
  return reading_held();
}

}  // namespace

Reading read(const StepView &view, const wire::RunCommand &run) {
  // A background command is ended with the case, or by a step of its own: its exit status does not matter here.
  if (run.background) return reading_held();
  return read_ends(view, run, view.of<wire::CommandEnded>(), run.copies);
}

Reading read(const StepView &view, const wire::WaitCommand &wait) {
  const auto &steps = view.all.test_case.steps;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto *run = steps[i].guest ? std::get_if<wire::RunCommand>(&steps[i].guest->body) : nullptr;
    if (run == nullptr || run->name != wait.name || wait.name.empty()) continue;
    const StepView started(view.all, i);
    return read_ends(view, wait, started.of<wire::CommandEnded>(), run->copies);
  }
  return reading_unknown("the command '" + wait.name + "' was not started");
}

}  // namespace kmodtest::judge
