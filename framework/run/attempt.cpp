// SPDX-License-Identifier: GPL-2.0-or-later
// One attempt of one case: prepared off the loop's thread, run in a guest, and turned into an outcome whatever goes
// wrong.
#include <fmt/core.h>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/task.hpp"
#include "judge/expected.hpp"
#include "judge/observations.hpp"
#include "run/case/case_runner.hpp"
#include "run/run_state.hpp"
#include "run/runner.hpp"

namespace kmodtest::run {

using base::Task;
using Clock = std::chrono::steady_clock;

namespace {

/// Returns a case that ended before a guest could send anything.
outcome::CaseFinished finished_without_guest(std::shared_ptr<const plan::Case> test_case, judge::Outcome outcome,
                                             judge::Evidence evidence) {
  outcome::CaseFinished finished;
  finished.test_case = std::move(test_case);
  auto seen = std::make_shared<judge::Observations>();
  seen->ending = {.kind = judge::Ending::Kind::not_started, .detail = evidence.summary};
  finished.seen = std::move(seen);
  finished.verdict.outcome = outcome;
  finished.verdict.evidence.push_back(std::move(evidence));
  return finished;
}

judge::Evidence evidence_of(const base::Error &error) {
  judge::Evidence evidence;
  evidence.summary = error.what();
  evidence.hint = error.hint();
  evidence.code = error.code();
  return evidence;
}

outcome::CaseFinished skipped(std::shared_ptr<const plan::Case> test_case, const std::string &reason) {
  judge::Evidence none;
  none.summary = reason;
  auto finished = finished_without_guest(std::move(test_case), judge::Outcome::skipped, none);
  finished.verdict.evidence.clear();
  finished.verdict.skip_reason = reason;
  return finished;
}

/// Lets the guest's QEMU carry out the case's schedule, if it has one.
void set_scheduled(const plan::Case &test_case, vm::GuestSpec &spec) {
  spec.scheduled = test_case.schedule != nullptr;
  if (!spec.scheduled || vm::has_memory_apart(spec)) return;
  throw base::UsageError(base::Code::no_schedules, "a schedule needs an emulated guest under virtual time",
                         "leave out --time real and the plan's channel; --no-kvm emulates");
}

/// Lets the guest's QEMU count what modules execute, if that is asked for and possible.
void set_covered(const RunOptions &options, vm::GuestSpec &spec) {
  spec.covered = options.coverage != nullptr && vm::has_memory_apart(spec);
}

/// Lets the guest's QEMU look for data races, if the case asks for it.
void set_raced(const plan::Case &test_case, const RunOptions &options, vm::GuestSpec &spec) {
  spec.raced = test_case.checks.races != plan::Races::none;
  if (!spec.raced) return;
  if (options.snapshots && vm::has_memory_apart(spec) && test_case.time != plan::Time::real_time) return;
  throw base::UsageError(base::Code::no_races, "finding data races needs an emulated guest under virtual time",
                         "leave out --no-snapshot, --time real, and the plan's time and channel");
}

/// Notes that a case was not measured.
void note_not_covered(outcome::CaseFinished &finished) {
  observe::Coverage coverage;
  coverage.missing[finished.test_case->id] = "did not run under virtual time, so it was not measured";
  finished.coverage = std::make_shared<const observe::Coverage>(std::move(coverage));
}

outcome::Machine machine_of(const Prepared &prepared, const KernelChoice &choice, std::string hypervisor) {
  outcome::Machine machine;
  machine.kernel = prepared.kernel.name;
  machine.kernel_image = prepared.kernel.image;
  machine.modules_dir = choice.modules_dir;
  machine.headers = choice.headers;
  machine.command_line = vm::kernel_command_line(prepared.spec);
  machine.virtual_time = prepared.spec.clock == vm::Clock::virtual_;
  machine.kvm = prepared.spec.accelerator == vm::Accelerator::kvm;
  machine.hypervisor = std::move(hypervisor);
  return machine;
}

/// Reads the kernel image while the guest runs: the search for pointers at the case's end needs it.
void read_ahead(RunState &state, std::shared_ptr<kernel::LazyKernelImage> names) {
  base::asio::post(state.ahead, [names = std::move(names)] {
    names->get_if_readable();  // if it cannot be read, the search tries again, and reports that
  });
}

}  // namespace

Task<outcome::CaseFinished> Runner::run_one(State &state, const Entry &entry, int attempt, Worker &worker) {
  const std::shared_ptr<const plan::Case> test_case = entry.test_case;
  if (test_case->skip) co_return skipped(test_case, *test_case->skip);
  const auto began = Clock::now();
  Progress progress = [this, test_case, attempt, repeat = entry.repeat](Phase, const std::string &what) {
    const std::string which = attempt > 1 ? fmt::format("attempt {}, ", attempt) : "";
    tell(outcome::CaseProgress{.test_case = test_case, .what = which + what, .repeat = repeat});
  };
  std::optional<outcome::CaseFinished> failed;
  bool preparing = true;
  try {
    progress(Phase::preparing, "preparing");
    std::function<Prepared()> prepare = [&state, test_case, meter = options_.coverage] {
      Prepared prepared = state.prepare(*test_case);
      if (meter && !prepared.skip) meter->read(prepared.completed ? *prepared.completed : *test_case, prepared.modules);
      return prepared;
    };
    Prepared prepared = co_await base::offload<Prepared>(state.threads, std::move(prepare));
    preparing = false;
    if (prepared.skip) {
      auto finished = skipped(test_case, *prepared.skip);
      finished.kernel_release = prepared.kernel.release;
      co_return finished;
    }
    prepared.program.trace_sched = prepared.program.trace_sched || options_.trace;
    const outcome::Seconds build = Clock::now() - began;
    if (state.cancellation.cancelled()) throw base::Interrupted();
    if (prepared.names) read_ahead(state, prepared.names);
    co_await state.pool.choose_machine(*test_case, prepared.kernel, prepared.spec);
    set_scheduled(*test_case, prepared.spec);
    set_covered(options_, prepared.spec);
    set_raced(*test_case, options_, prepared.spec);
    const bool not_covered = options_.coverage && !prepared.spec.covered;
    worker.slot = &state.pool.acquire(prepared.spec, worker.slot);
    CaseRunner runner(*worker.slot, state.cancellation, options_.limits,
                      options_.vmcore ? options_.artifacts : std::filesystem::path());
    runner.measure_by(options_.coverage);
    std::string guest_name = fmt::format("w{}-{}", worker.number, state.pool.next_guest());
    std::string build_log = prepared.build_log;
    outcome::Machine machine = machine_of(prepared, options_.kernel, state.pool.hypervisor().describe());
    machine.traced = options_.trace;
    if (state.debugger) {
      if (prepared.spec.channel != vm::ChannelKind::memory) {
        throw base::UsageError(base::Code::debugger_channel, "--gdb needs the memory channel, not 'virtio' or 'serial'",
                               "leave the plan's channel out");
      }
      const auto boot_deadline = options_.limits.boot_of(prepared.spec.cpus, prepared.kernel_checks_itself);
      if (prepared.preflight.empty()) {
        std::string survey_name = guest_name + "-survey";
        co_await state.debugger->survey(*worker.slot, prepared, std::move(survey_name), boot_deadline);
      }
      runner.let_go_by([&state](vm::Guest &guest) { return state.debugger->begin(guest); });
    }
    std::shared_ptr<const plan::Case> complete = prepared.completed ? prepared.completed : test_case;
    outcome::CaseFinished finished =
        co_await runner.run(std::move(complete), std::move(prepared), std::move(guest_name), std::move(progress));
    if (not_covered) note_not_covered(finished);
    finished.machine = std::move(machine);
    finished.timings.build = build;
    finished.build_log = std::move(build_log);
    finished.took += build;
    co_return finished;
  } catch (const kernel::BuildError &error) {
    judge::Evidence evidence = evidence_of(error);
    evidence.details = error.excerpt();
    failed = finished_without_guest(test_case, judge::Outcome::failed, std::move(evidence));
    failed->build_log = error.output();
    failed->verdict = judge::compared(*test_case, std::move(failed->verdict), {});
  } catch (const base::Interrupted &) {
    throw;
  } catch (const base::UsageError &error) {
    failed = finished_without_guest(test_case, judge::Outcome::failed, evidence_of(error));
  } catch (const base::Error &error) {
    // No kernel, no network, a full disk: the next case would fail in the same way. A guest that does not start can be
    // this case's problem.
    if (preparing && error.blame() == base::Blame::infrastructure) throw;
    failed = finished_without_guest(test_case, judge::Outcome::errored, evidence_of(error));
  }
  failed->took = Clock::now() - began;
  co_return std::move(*failed);
}

}  // namespace kmodtest::run
