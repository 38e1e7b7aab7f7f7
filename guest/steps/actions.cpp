// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <unistd.h>

#include "program_run.hpp"
#include "sample.hpp"
#include "shared/procfs.hpp"

/// The steps that do something.
namespace kmodtest::guest {
namespace {

const std::initializer_list<std::string_view> kFileRoots = {"/proc", "/sys", "/dev", "/tmp"};

const char *outcome_word(int error) {
  return error == 0 ? "success" : std::strerror(error);
}

std::optional<wire::ModuleRecord> find_module(const std::string &name) {
  for (wire::ModuleRecord &module : list_modules())
    if (module.name == name) return std::move(module);
  return std::nullopt;
}

}  // namespace

std::string module_parameters(const wire::ModuleToLoad &module) {
  std::string words;
  for (const auto &[key, value] : module.params) {
    const bool quote = value.find_first_of(" \t") != std::string::npos;
    if (!words.empty()) words += ' ';
    words += key + (quote ? "=\"" + value + '"' : '=' + value);
  }
  return words;
}

std::optional<JobResult> ProgramRun::do_job(const Job &job, Time deadline) {
  agent_.worker.submit(job);
  std::optional<JobResult> result = agent_.worker.take();
  while (!result) {
    if (now() >= deadline) {
      hold_autopsy(agent_.worker.pid());
      agent_.worker.abandon();
      return std::nullopt;
    }
    agent_.turn(deadline);
    result = agent_.worker.take();
  }
  agent_.pump_log();
  return result;
}

/// `expected`: see wire::is_expected_errno().
ProgramRun::Outcome ProgramRun::judge_error(const std::string &what, int error, int expected) const {
  if (wire::is_expected_errno(error, expected)) return StepOutcome{};
  const std::string wanted = expected == wire::kAnyErrno ? "an error" : outcome_word(expected);
  return StepOutcome{wire::StepResult::refused, what + " gave " + outcome_word(error) + ", expected " + wanted};
}

ProgramRun::Outcome ProgramRun::act(const wire::Load &load) {
  for (std::size_t i = 0; i < load.modules.size(); ++i) {
    const wire::ModuleToLoad &module = load.modules[i];
    const auto result = do_job({Job::Kind::load, module.path, module_parameters(module), false}, deadline_);
    if (!result) return expired("loading " + module.name + " did not come back");
    if (result->died)
      return StepOutcome{wire::StepResult::violated, "the process that loaded " + module.name + " was killed"};
    wire::Loaded loaded{index_, module.name, result->error, result->took, {}};
    if (result->error == 0) loaded.record = find_module(module.name);
    agent_.report(loaded);
    const bool last = i + 1 == load.modules.size();
    const Outcome outcome = judge_error("loading " + module.name, result->error, last ? load.expected_errno : 0);
    if (outcome->result != wire::StepResult::held) return outcome;
    if (agent_.cancelled()) return std::nullopt;
  }
  return StepOutcome{};
}

ProgramRun::Outcome ProgramRun::act(const wire::Unload &unload) {
  for (std::size_t i = 0; i < unload.modules.size(); ++i) {
    const std::string &module = unload.modules[i];
    const auto result = do_job({Job::Kind::unload, module, {}, unload.force}, deadline_);
    if (!result) return expired("unloading " + module + " did not come back");
    if (result->died)
      return StepOutcome{wire::StepResult::violated, "the process that unloaded " + module + " was killed"};
    agent_.report(wire::Unloaded{index_, module, result->error, result->took});
    const bool last = i + 1 == unload.modules.size();
    const Outcome outcome = judge_error("unloading " + module, result->error, last ? unload.expected_errno : 0);
    if (outcome->result != wire::StepResult::held) return outcome;
    if (agent_.cancelled()) return std::nullopt;
  }
  return StepOutcome{};
}

ProgramRun::Outcome ProgramRun::act(const wire::WriteFile &write) {
  int error = EPERM;
  if (is_below(write.path, kFileRoots)) {
    const auto result = do_job({Job::Kind::write, write.path, write.content, false}, deadline_);
    if (!result) return expired("writing " + write.path + " did not come back");
    if (result->died)
      return StepOutcome{wire::StepResult::violated, "the process that wrote " + write.path + " was killed"};
    error = result->error;
  }
  agent_.report(wire::Written{index_, write.path, error});
  return judge_error("writing " + write.path, error, write.expected_errno);
}

ProgramRun::Outcome ProgramRun::act(const wire::SetCpus &cpus) {
  const Outcome offline = set_cpus(cpus.offline, false);
  if (!offline || offline->result != wire::StepResult::held) return offline;
  return set_cpus(cpus.online, true);
}

ProgramRun::Outcome ProgramRun::set_cpus(const std::string &list, bool online) {
  const auto cpus = shared::parse_cpu_list(list);
  if (!cpus) return StepOutcome{wire::StepResult::refused, "'" + list + "' is not a list of CPUs"};
  for (const int cpu : *cpus) {
    const std::string path = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/online";
    const auto result = do_job({Job::Kind::write, path, online ? "1" : "0", false}, deadline_);
    const std::string what = "putting CPU " + std::to_string(cpu) + (online ? " online" : " offline");
    if (!result) return expired(what + " did not come back");
    if (result->died) return StepOutcome{wire::StepResult::violated, "the process that was " + what + " was killed"};
    int error = result->error;
    // The boot CPU of many kernels has no such file: it cannot be anything but online.
    if (cpu == 0 && online && error == ENOENT) error = 0;
    agent_.report(wire::CpusSet{index_, cpu, online, error});
    const Outcome outcome = judge_error(what, error, 0);
    if (outcome->result != wire::StepResult::held) return outcome;
    if (agent_.cancelled()) return std::nullopt;
  }
  return StepOutcome{};
}

ProgramRun::Outcome ProgramRun::act(const wire::Sleep &sleep) {
  const Time end = later(step_started_, sleep.duration);
  const Time until = std::min(end, deadline_);
  while (now() < until) {
    if (agent_.cancelled()) return std::nullopt;
    agent_.turn(until);
  }
  if (until < end) return expired("asleep");
  return StepOutcome{};
}

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
      // Reported with what it wrote so far by end_commands(), as this was the program's last step.
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
    // A process in an uninterruptible sleep does not even die: say how it would have ended.
    constexpr int kKilled = 128 + 9;
    if (!command.ended) command.result.exit_status = kKilled;
    if (!command.reported) report_command(command);
  }
  agent_.commands.clear();
}

}  // namespace kmodtest::guest
