// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "program_run.hpp"
#include "shared/condition.hpp"

namespace kmodtest::guest {

ProgramRun::Outcome ProgramRun::act(const wire::RunCommand &wanted) {
  const int error = agent_.commands.start(index_, wanted.command);
  if (error != 0) return StepOutcome{wire::StepResult::refused, describe_error("cannot start the command", error)};
  if (wanted.background) return StepOutcome{};
  for (;;) {
    Command &command = *agent_.commands.find(index_);
    if (command.ended) {
      report_command(command);
      return judge_command(wanted, command.result);
    }
    const bool late = now() >= deadline_;
    if (late) hold_autopsy(command.pid);
    if (late || agent_.cancelled()) {
      Commands::kill(command);
      // end_commands() reports its output so far, as this was the program's last step.
      if (late) return expired("the command did not end");
      return std::nullopt;
    }
    agent_.turn(deadline_);
  }
}

ProgramRun::Outcome ProgramRun::judge_command(const wire::RunCommand &wanted, const wire::CommandEnded &ended) const {
  const auto violated = [](std::string why) { return StepOutcome{wire::StepResult::violated, std::move(why)}; };
  if (!wanted.exit_status.contains(ended.exit_status))
    return violated("the command ended with status " + std::to_string(ended.exit_status));
  const shared::Evaluation out = shared::evaluate(wanted.out, ended.out, "stdout");
  if (out.truth != shared::Truth::held) return violated(out.why);
  const shared::Evaluation err = shared::evaluate(wanted.err, ended.err, "stderr");
  if (err.truth != shared::Truth::held) return violated(err.why);
  return StepOutcome{};
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
