// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "program_run.hpp"
#include "shared/condition.hpp"

namespace kmodtest::guest {

template <class Wanted>
ProgramRun::Outcome ProgramRun::judge_command(const Wanted &wanted, const wire::CommandEnded &ended) const {
  const auto violated = [](std::string why) { return StepOutcome{wire::StepResult::violated, std::move(why)}; };
  if (!wanted.exit_status.contains(ended.exit_status))
    return violated("the command ended with status " + std::to_string(ended.exit_status));
  const shared::Evaluation out = shared::evaluate(wanted.out, ended.out, "stdout");
  if (out.truth != shared::Truth::held) return violated(out.why);
  const shared::Evaluation err = shared::evaluate(wanted.err, ended.err, "stderr");
  if (err.truth != shared::Truth::held) return violated(err.why);
  return StepOutcome{};
}

template <class Wanted>
ProgramRun::Outcome ProgramRun::end_of_commands(const std::vector<std::size_t> &commands, const Wanted &wanted) {
  StepOutcome worst;
  for (const std::size_t one : commands) {
    // Nothing is added to the commands while a step waits.
    Command &command = agent_.commands.all()[one];
    while (!command.ended) {
      const bool late = now() >= deadline_;
      if (late) hold_autopsy(command.pid);
      if (late || agent_.cancelled()) {
        for (const std::size_t each : commands) Commands::kill(agent_.commands.all()[each]);
        // end_commands() reports its output so far, as this was the program's last step.
        if (late) return expired("the command did not end");
        return std::nullopt;
      }
      agent_.turn(deadline_);
    }
    if (!command.reported) report_command(command);
    const Outcome outcome = judge_command(wanted, command.result);
    if (worst.result == wire::StepResult::held) worst = *outcome;
  }
  return worst;
}

ProgramRun::Outcome ProgramRun::act(const wire::RunCommand &wanted) {
  for (std::uint32_t copy = 0; copy < wanted.copies; ++copy) {
    const int error = agent_.commands.start(index_, wanted.command, wanted.name);
    if (error != 0) return StepOutcome{wire::StepResult::refused, describe_error("cannot start the command", error)};
  }
  if (wanted.background) return StepOutcome{};
  return end_of_commands(agent_.commands.of_step(index_), wanted);
}

ProgramRun::Outcome ProgramRun::act(const wire::WaitCommand &wanted) {
  const std::vector<std::size_t> commands = agent_.commands.named(wanted.name);
  if (commands.empty()) return StepOutcome{wire::StepResult::refused, "there is no command '" + wanted.name + "'"};
  if (wanted.signal != 0)
    for (const std::size_t one : commands) Commands::send(agent_.commands.all()[one], wanted.signal);
  return end_of_commands(commands, wanted);
}

void ProgramRun::report_command(Command &command) {
  agent_.pump_log();
  agent_.report(command.result);
  command.reported = true;
}

void ProgramRun::report_background_commands() {
  for (Command &command : agent_.commands.all())
    if (command.ended && !command.reported) report_command(command);
}

void ProgramRun::end_commands() {
  constexpr Time kDeathDeadline{1'000'000};
  const Time deadline = later(now(), kDeathDeadline);
  const auto all_ended = [this] {
    const std::vector<Command> &commands = agent_.commands.all();
    return std::all_of(commands.begin(), commands.end(), [](const Command &command) { return command.ended; });
  };
  for (const Command &command : agent_.commands.all()) Commands::kill(command);
  while (!all_ended() && now() < deadline) agent_.turn(deadline);
  for (Command &command : agent_.commands.all()) {
    // A process in an uninterruptible sleep does not even die: report how it would have ended.
    constexpr int kKilled = 128 + 9;
    if (!command.ended) command.result.exit_status = kKilled;
    if (!command.reported) report_command(command);
  }
  agent_.commands.clear();
}

}  // namespace kmodtest::guest
