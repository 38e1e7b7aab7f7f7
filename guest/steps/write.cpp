// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>
#include <initializer_list>
#include <string_view>

#include "program_run.hpp"
#include "sample.hpp"

namespace kmodtest::guest {
namespace {

const std::initializer_list<std::string_view> kFileRoots = {"/proc", "/sys", "/dev", "/tmp"};

}  // namespace

ProgramRun::Outcome ProgramRun::act(const wire::WriteFile &write) {
  int error = EPERM;
  if (is_below(write.path, kFileRoots)) {
    const auto result = do_job(Job(Job::Kind::write, write.path, write.content), deadline_);
    if (!result) return expired("writing " + write.path + " did not come back");
    if (result->died)
      return StepOutcome{wire::StepResult::violated, "the process that wrote " + write.path + " was killed"};
    error = result->error;
  }
  agent_.report(wire::Written{index_, write.path, error});
  return judge_error("writing " + write.path, error, write.expected_errno);
}

}  // namespace kmodtest::guest
