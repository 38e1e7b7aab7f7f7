// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>
#include <optional>
#include <utility>

#include "conditions.hpp"
#include "program_run.hpp"
#include "shared/condition.hpp"
#include "shared/sampling.hpp"

namespace kmodtest::guest {

ProgramRun::Outcome ProgramRun::act(const wire::FileCondition &condition) {
  if (!is_below(condition.path, {"/proc", "/sys", "/dev", "/tmp"})) {
    agent_.report(wire::FileRead{index_, now(), condition.path, EPERM, {}, false});
    return StepOutcome{wire::StepResult::violated,
                       "'" + condition.path + "' is not a plain path below /proc, /sys, /dev or /tmp"};
  }
  shared::FileEvaluator evaluator(condition);
  std::optional<wire::FileRead> before;
  std::optional<JobResult> reading;
  bool stuck = false;
  const Job::Kind first = shared::reads_content(condition) ? Job::Kind::read : Job::Kind::look;
  // A reading that does not return must not outlive the step: neither its deadline nor the time to hold.
  const Time give_up = later(later(deadline_, step().hold_for), shared::kLongestPause);
  const auto carry_out = [&](const Job &job) {
    reading = do_job(job, give_up);
    stuck = !reading;
  };
  Outcome outcome = wait_until_held(
      [&] {
        if (!reading && !stuck) carry_out(Job(first, condition.path));
        const bool died = reading && reading->died;
        if (stuck || died)
          return shared::Evaluation{shared::Truth::violated,
                                    "reading " + condition.path + (died ? " was killed" : " did not come back")};
        wire::FileRead read{index_, now(), condition.path, reading->error, reading->content, reading->truncated};
        if (!before || before->error != read.error || before->content != read.content) {
          evaluator.add(read.time, read.error, read.content);
          agent_.report(read);
          before = std::move(read);
        }
        return evaluator.evaluate();
      },
      [&](Time until) {
        Job watch(Job::Kind::watch, condition.path);
        watch.until = until;
        watch.sampling.pause = shared::pause_after(reading ? reading->took : Time{0}, now() - step_started_);
        if (condition.grows) watch.sampling = shared::sampling_of(*condition.grows, evaluator.last_change());
        carry_out(watch);
      });
  if (stuck && outcome) return expired("reading " + condition.path + " did not come back");
  return outcome;
}

}  // namespace kmodtest::guest
