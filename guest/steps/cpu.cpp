// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>
#include <string>

#include "program_run.hpp"
#include "shared/procfs.hpp"

namespace kmodtest::guest {

ProgramRun::Outcome ProgramRun::act(const wire::SetCpus &cpus) {
  Outcome offline = set_cpus(cpus.offline, false);
  if (!offline || offline->result != wire::StepResult::held) return offline;
  return set_cpus(cpus.online, true);
}

ProgramRun::Outcome ProgramRun::set_cpus(const std::string &list, bool online) {
  const auto cpus = shared::parse_cpu_list(list);
  if (!cpus) return StepOutcome{wire::StepResult::refused, "'" + list + "' is not a list of CPUs"};
  for (const int cpu : *cpus) {
    const std::string path = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/online";
    const auto result = do_job(Job(Job::Kind::write, path, online ? "1" : "0"), deadline_);
    const std::string what = "putting CPU " + std::to_string(cpu) + (online ? " online" : " offline");
    if (!result) return expired(what + " did not come back");
    if (result->died) return StepOutcome{wire::StepResult::violated, "the process that was " + what + " was killed"};
    int error = result->error;
    // The boot CPU of many kernels has no such file: it is always online.
    if (cpu == 0 && online && error == ENOENT) error = 0;
    agent_.report(wire::CpusSet{index_, cpu, online, error});
    Outcome outcome = judge_error(what, error, 0);
    if (outcome->result != wire::StepResult::held) return outcome;
    if (agent_.cancelled()) return std::nullopt;
  }
  return StepOutcome{};
}

}  // namespace kmodtest::guest
