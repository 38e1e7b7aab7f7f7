// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>
#include <optional>
#include <utility>

#include "conditions.hpp"
#include "program_run.hpp"
#include "sample.hpp"
#include "shared/condition.hpp"

namespace kmodtest::guest {

ProgramRun::Outcome ProgramRun::act(const wire::FileCondition &condition) {
  if (!is_below(condition.path, {"/proc", "/sys", "/dev", "/tmp"})) {
    agent_.report(wire::FileRead{index_, now(), condition.path, EPERM, {}, false});
    return StepOutcome{wire::StepResult::violated,
                       "'" + condition.path + "' is not a plain path below /proc, /sys, /dev or /tmp"};
  }
  shared::FileEvaluator evaluator(condition);
  std::optional<wire::FileRead> before;
  bool stuck = false;
  bool died = false;
  // A reading that does not return must not outlive the step: neither its deadline nor the time to hold.
  const Time give_up = later(later(deadline_, step().hold_for), kLongestPause);
  const Outcome outcome = wait_until_held(
      [&] {
        const auto result = do_job({Job::Kind::read, condition.path, {}, false}, give_up);
        stuck = !result;
        died = result && result->died;
        if (stuck || died)
          return shared::Evaluation{shared::Truth::violated,
                                    "reading " + condition.path + (died ? " was killed" : " did not come back")};
        wire::FileRead read{index_, now(), condition.path, result->error, result->content, result->truncated};
        if (!before || before->error != read.error || before->content != read.content) {
          evaluator.add(read.time, read.error, read.content);
          agent_.report(read);
          before = std::move(read);
        }
        return evaluator.evaluate();
      },
      true);
  if (stuck && outcome) return expired("reading " + condition.path + " did not come back");
  return outcome;
}

}  // namespace kmodtest::guest
