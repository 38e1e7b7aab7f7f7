// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "program_run.hpp"
#include "sample.hpp"
#include "shared/condition.hpp"

/// The steps that wait for a condition.
namespace kmodtest::guest {
namespace {

// How often what makes no event of its own is looked at: a long look is followed by a long pause.
constexpr Time kShortestPause{5'000};
constexpr Time kLongestPause{20'000};
constexpr int kPausePerLook = 4;

}  // namespace

/// `look` gives the present Evaluation. With `samples` it is called at pauses, else only after something happened.
template <class Look>
ProgramRun::Outcome ProgramRun::wait_until_held(Look look, bool samples) {
  Time held_since = kNever;
  shared::Evaluation evaluation;
  const auto finish = [&](wire::StepResult result) {
    evaluation.why.resize(std::min<std::size_t>(evaluation.why.size(), 4096));
    return StepOutcome{result, evaluation.why};
  };
  for (;;) {
    const Time begun = now();
    if (!agent_.congested()) evaluation = look();
    const Time looked = now();
    if (agent_.cancelled()) return std::nullopt;
    if (evaluation.truth == shared::Truth::violated) return finish(wire::StepResult::violated);
    const bool held = evaluation.truth == shared::Truth::held;
    if (!held && held_since != kNever) return finish(wire::StepResult::violated);
    if (held && held_since == kNever) held_since = looked;
    const Time wanted = held ? later(held_since, step().hold_for) : deadline_;
    const Time end = std::min(wanted, case_deadline_);
    if (looked >= end) return finish(held && end == wanted ? wire::StepResult::held : wire::StepResult::expired);

    Time next = end;
    if (samples) {
      const Time pause = std::clamp((looked - begun) * kPausePerLook, kShortestPause, kLongestPause);
      next = std::min(next, later(looked, pause));
    }
    agent_.turn(next);
  }
}

std::size_t ProgramRun::scope_start(wire::LogScope scope) const {
  switch (scope) {
    case wire::LogScope::action:
      return action_line_;
    case wire::LogScope::here:
      return first_line_;
    case wire::LogScope::start:
      break;
  }
  return 0;
}

ProgramRun::Outcome ProgramRun::act(const wire::LogCondition &condition) {
  shared::LogEvaluator evaluator(condition);
  std::size_t next = scope_start(condition.since);
  return wait_until_held(
      [&] {
        agent_.pump_log();
        const KernelLog &log = agent_.log;
        for (next = std::max(next, log.first_index()); next < log.end_index(); ++next)
          evaluator.add(log.history()[next - log.first_index()]);
        return evaluator.evaluate();
      },
      false);
}

template <class Sample, class Send>
ProgramRun::Outcome ProgramRun::sample_until_held(const Sample &sample, const Send &send) {
  std::optional<shared::Truth> reported;
  bool last_is_reported = false;
  const Outcome outcome = wait_until_held(
      [&] {
        const shared::Evaluation evaluation = sample();
        last_is_reported = reported != evaluation.truth;
        if (last_is_reported) send();
        reported = evaluation.truth;
        return evaluation;
      },
      true);
  if (!last_is_reported) send();
  return outcome;
}

ProgramRun::Outcome ProgramRun::act(const wire::ThreadCondition &condition) {
  ThreadSearch search(condition);
  std::vector<wire::ThreadRecord> threads;
  return sample_until_held(
      [&] {
        threads = search.find();
        return shared::evaluate(condition, threads);
      },
      [&] {
        agent_.report(wire::Threads{index_, now(), threads.empty() ? list_kernel_threads() : threads});
      });
}

ProgramRun::Outcome ProgramRun::act(const wire::ModuleCondition &condition) {
  std::vector<wire::ModuleRecord> modules;
  return sample_until_held(
      [&] {
        modules = list_modules();
        return shared::evaluate(condition, modules);
      },
      [&] {
        agent_.report(wire::Modules{index_, now(), modules});
      });
}

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
  // A reading that does not come back must not outlive the step: neither its deadline nor the time to hold.
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

ProgramRun::Outcome ProgramRun::act(const wire::SendTrace &) {
  wait(step().hold_for);
  if (agent_.cancelled()) return std::nullopt;
  if (now() >= case_deadline_) return expired("the case's timeout passed");
  // Without a trace the controller knows why: TraceStarted said so.
  if (agent_.sched_trace.running()) agent_.pump_trace();
  return StepOutcome{};
}

}  // namespace kmodtest::guest
