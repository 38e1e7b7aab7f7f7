// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/case/case_runner.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <limits>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/task.hpp"
#include "judge/judge.hpp"
#include "kernel/kernel.hpp"
#include "kernel/modules/open_calls.hpp"
#include "kernel/modules/symvers.hpp"
#include "observe/races.hpp"
#include "observe/sched/sched_trace.hpp"
#include "plan/fault.hpp"
#include "plan/schedule.hpp"
#include "run/case/case_digest.hpp"
#include "run/case/program_run.hpp"
#include "run/case/stopwatch.hpp"
#include "run/postmortem/call_sources.hpp"
#include "run/postmortem/dissect.hpp"
#include "run/postmortem/kernel_log.hpp"
#include "run/postmortem/pointers_left.hpp"
#include "run/postmortem/source_frames.hpp"
#include "run/postmortem/unloaded_code.hpp"
#include "run/races/race_reader.hpp"
#include "run/races/report_steps.hpp"
#include "text/module_name.hpp"

namespace kmodtest::run {

using base::Task;
using judge::Ending;
using Clock = std::chrono::steady_clock;

namespace {

DigestedEnd end_of(const Conversation &talk) {
  return {.answered = talk.answered, .decided_after = talk.decided_after};
}

/// Decides which of the accesses that QEMU has seen are data races.
void read_races(const Conversation &talk, const Prepared &prepared) {
  // Without it the stacks lack the kernel's functions.
  const kernel::KernelImage *kernel = prepared.names ? prepared.names->get_if_readable() : nullptr;
  RaceReader reader(*talk.seen, load_events(talk.report_bytes), kernel, prepared.kernel.headers);
  const auto &messages = talk.seen->messages;
  // A guest that crashes ends itself; any other one goes on until it is paused, and what it does then depends on when.
  const bool ended_itself =
      talk.seen->ending.kind == Ending::Kind::panicked || talk.seen->ending.kind == Ending::Kind::guest_reset;
  const std::size_t count = reproducible_messages(*talk.seen, end_of(talk)).value_or(messages.size());
  const std::uint64_t until = ended_itself && !talk.decided_after ? std::numeric_limits<std::uint64_t>::max()
                                                                  : bytes_until(talk.report_bytes, messages, count);
  talk.seen->races = std::make_shared<const observe::RacesSeen>(reader.read(talk.races, talk.report_bytes, until));
}

/// Reads the scheduler's trace, if there is one. The judge reports a trace that cannot be read.
void read_sched(judge::Observations &seen) {
  try {
    auto timeline = observe::read_sched_trace(seen.messages);
    if (timeline) seen.sched = std::make_shared<const observe::SchedTimeline>(std::move(*timeline));
  } catch (const base::Error &error) {
    seen.sched_problem = error.what();
  }
}

}  // namespace

Task<bool> CaseRunner::boot(Conversation &talk, const Prepared &prepared, const std::string &name,
                            const Progress &progress) {
  progress(Phase::starting, "starting");
  BootRequest request{.spec = prepared.spec,
                      .name = name,
                      .deadline = limits_.boot_of(prepared.spec.cpus, prepared.kernel_checks_itself),
                      .started = [&progress] { progress(Phase::booting, "booting"); }};
  Booted booted = co_await slot_.boot_own(std::move(request), talk.timings);
  talk.own_guest = std::move(booted.guest);
  talk.guest = talk.own_guest.get();
  talk.domain_xml = talk.guest->xml();
  talk.session = std::move(booted.session);
  talk.seen->agent = booted.agent;
  if (!booted.agent) talk.seen->ending = talk.forced ? *talk.forced : booted.ending;
  co_return booted.agent.has_value();
}

Task<bool> CaseRunner::restore(Conversation &talk, const Prepared &prepared, const std::string &name,
                               const Progress &progress) {
  vm::GuestSpec spec = prepared.spec;
  std::string guest_name = name;
  std::string description = describe(prepared);
  Progress on_progress = progress;
  Pristine pristine = co_await slot_.pristine(std::move(spec), std::move(guest_name), std::move(description),
                                              limits_.boot_of(prepared.spec.cpus, prepared.kernel_checks_itself),
                                              std::move(on_progress), talk.timings);
  if (pristine.failure) {
    talk.seen->ending = std::move(pristine.failure->ending);
    talk.seen->console = std::move(pristine.failure->console);
    talk.domain_xml = std::move(pristine.failure->domain_xml);
    co_return false;
  }
  talk.guest = pristine.guest;
  talk.domain_xml = talk.guest->xml();
  auto executor = co_await base::asio::this_coro::executor;
  talk.session = std::make_unique<agent::Session>(
      agent::make_memory_transport(executor, talk.guest->shared_memory(), agent::SharedState::restored));
  co_return true;
}

void CaseRunner::give_schedule(Conversation &talk, const Prepared &prepared) {
  talk.schedule = std::make_unique<ScheduleFile>(talk.guest->schedule_file());
  talk.schedule->write(prepared.schedule, talk.test_case->schedule->observes);
}

Task<> CaseRunner::converse(Conversation &talk, const Prepared &prepared, const std::string &guest_name,
                            const Progress &progress) {
  for (int attempt = 1;; ++attempt) {
    const std::string name = fmt::format("{}-{}", guest_name, attempt);
    bool ready = false;
    if (prepared.spec.channel == vm::ChannelKind::memory) {
      ready = co_await restore(talk, prepared, name, progress);
    } else {
      ready = co_await boot(talk, prepared, name, progress);
    }
    if (cancellation_.cancelled()) co_return;  // there was no session yet that the cancellation could have closed
    if (ready) {
      auto executor = co_await base::asio::this_coro::executor;
      if (prepared.spec.scheduled) give_schedule(talk, prepared);
      if (prepared.spec.raced) {
        talk.race_file = std::make_unique<RaceFile>(talk.guest->race_file());
        talk.race_file->write(*prepared.races);
      }
      if (prepared.spec.covered) read_code_counts(talk.guest->coverage_file());  // throws if QEMU does not count
      ProgramRun program(talk, prepared, limits_, let_go_, ask_, progress, executor);
      co_await program.run();
      co_return;
    }
    const bool silent = talk.seen->ending.kind == Ending::Kind::silent;
    if (!silent || attempt >= limits_.boot_attempts || cancellation_.cancelled()) co_return;
    progress(Phase::booting, "booting again: the guest fell silent");
    talk.session.reset();
    if (talk.guest) co_await talk.guest->stop();
  }
}

Task<> CaseRunner::converse_and_examine(Conversation &talk, const Prepared &prepared, const std::string &guest_name,
                                        const Progress &progress) {
  co_await converse(talk, prepared, guest_name, progress);
  if (talk.guest && !cancellation_.cancelled()) co_await examine(talk, prepared, progress);
  if (talk.guest && !cancellation_.cancelled()) co_await read_log(talk, prepared);
  if (talk.guest && !cancellation_.cancelled()) co_await search(talk, prepared);
  if (talk.guest && !cancellation_.cancelled()) co_await dump(talk, guest_name, progress);
}

namespace {

/// Pauses a guest and looks at it from outside. Sets `problem` if that fails.
Task<> inspect_paused(vm::Guest &guest, const std::function<void(vm::Inspector &)> &look, std::string &problem) {
  std::function<void(vm::Inspector &)> its_look = look;
  try {
    co_await guest.pause();
    co_await guest.inspect(std::move(its_look));
  } catch (const base::Interrupted &) {
    throw;
  } catch (const base::Error &error) {
    problem = error.what();
  }
}

}  // namespace

Task<> CaseRunner::examine(Conversation &talk, const Prepared &prepared, const Progress &progress) {
  if (!prepared.names || !judge::wants_dissection(*talk.test_case, *talk.seen)) co_return;
  const Stopwatch watch(talk.timings.stop);
  progress(Phase::examining, "examining the hang");
  auto found = std::make_shared<judge::Dissection>();
  const std::function<void(vm::Inspector &)> look = [found, names = prepared.names](vm::Inspector &guest) {
    *found = dissect(guest, names->get());
  };
  co_await inspect_paused(*talk.guest, look, found->problem);
  talk.seen->dissection = std::move(*found);
}

Task<> CaseRunner::read_log(Conversation &talk, const Prepared &prepared) {
  if (!prepared.names || talk.guest->state() != vm::GuestState::crashed) co_return;
  const Stopwatch watch(talk.timings.stop);
  const auto lines = talk.seen->log();
  const std::chrono::nanoseconds since = lines.empty() ? std::chrono::nanoseconds{0} : lines.front().time;
  auto log = std::make_shared<std::string>();
  const std::function<void(vm::Inspector &)> look = [log, since, names = prepared.names](vm::Inspector &guest) {
    *log = kernel_log(guest, names->get(), since);
  };
  std::string problem;  // else its console serves
  co_await inspect_paused(*talk.guest, look, problem);
  talk.log_in_memory = std::move(*log);
}

Task<> CaseRunner::search(Conversation &talk, const Prepared &prepared) {
  if (!limits_.searches_memory || !prepared.names || !talk.seen->agent || !vm::has_memory_apart(prepared.spec) ||
      vm::is_gone(talk.guest->state())) {
    co_return;
  }
  std::vector<observe::ModuleRange> gone = talk.seen->unloaded();
  if (gone.empty()) co_return;
  const Stopwatch watch(talk.timings.stop);
  auto found = std::make_shared<judge::PointerSearch>();
  const std::function<void(vm::Inspector &)> look = [found, gone, names = prepared.names,
                                                     modules = prepared.modules](vm::Inspector &guest) {
    *found = find_pointers(guest, names->get(), with_sizes(gone, modules));
    name_targets(*found, modules);
  };
  co_await inspect_paused(*talk.guest, look, found->problem);
  talk.seen->pointers = std::move(*found);
}

Task<> CaseRunner::dump(Conversation &talk, const std::string &guest_name, const Progress &progress) {
  if (vmcores_.empty() || !talk.seen->agent) co_return;
  const judge::Outcome outcome = judge::what_happened(*talk.test_case, *talk.seen);
  if (outcome != judge::Outcome::crashed && outcome != judge::Outcome::hung) co_return;
  const Stopwatch watch(talk.timings.stop);
  progress(Phase::examining, "dumping the guest's memory");
  try {
    auto file = std::make_shared<CoreFile>(vmcores_, guest_name);
    std::filesystem::path to = file->path();
    co_await talk.guest->dump(std::move(to));
    talk.vmcore = std::move(file);
  } catch (const base::Interrupted &) {
    throw;
  } catch (const base::Error &error) {
    talk.vmcore_problem = error.what();
  }
}

namespace {

bool has_new_entries(const wire::AgentMessage &message) {
  const auto *after = std::get_if<wire::AfterUnload>(&message);
  return after != nullptr && !after->inventory.new_entries.empty();
}

/// Fills Observations::open_calls if something is left.
void find_open_calls(judge::Observations &seen, const kernel::Kernel &kernel) {
  const auto &pointers = seen.pointers.found;
  const bool left = std::any_of(pointers.begin(), pointers.end(), judge::is_left_registered) ||
                    std::any_of(seen.messages.begin(), seen.messages.end(), has_new_entries);
  if (!left) return;
  const kernel::Exports none;
  const auto exports = kernel::exports_of(kernel);
  for (const kernel::ModuleInfo &module : seen.modules) {
    auto call = kernel::open_call(module, exports ? *exports : none);
    if (call) seen.open_calls.emplace(text::lsmod_name(module.name), std::move(*call));
  }
}

/// Returns whether a restore in place resets all that the case did to its QEMU: that of a guest whose program ended, or
/// that is paused between two instructions of an emulated CPU.
bool is_restored_whole(const Conversation &talk, const Prepared &prepared) {
  if (talk.has_unsaved_devices) return false;
  return talk.answered || (talk.guest->state() == vm::GuestState::running && vm::has_memory_apart(prepared.spec));
}

}  // namespace

Task<> CaseRunner::release(Conversation &talk, const Prepared &prepared) {
  if (talk.guest == nullptr) co_return;
  const Stopwatch watch(talk.timings.stop);
  if (talk.schedule) talk.seen->schedule = std::make_shared<const observe::ScheduleSeen>(talk.schedule->read());
  if (const auto file = talk.guest->coverage_file(); meter_ && !file.empty())
    talk.code = {.counts = read_code_counts(file),
                 .events = load_events(read_report_bytes(talk.guest->shared_memory()))};
  if (talk.race_file) {
    talk.races = talk.race_file->read();
    talk.report_bytes = read_report_bytes(talk.guest->shared_memory());
  }
  talk.guest->on_state_change({});
  talk.seen->console = talk.log_in_memory.empty() ? talk.guest->console() : talk.log_in_memory;
  talk.session.reset();
  if (talk.own_guest) {
    co_await talk.own_guest->stop();
    talk.own_guest.reset();
  } else {
    if (!is_restored_whole(talk, prepared)) slot_.distrust();
    co_await slot_.pause();
  }
  talk.guest = nullptr;
}

Task<outcome::CaseFinished> CaseRunner::run(std::shared_ptr<const plan::Case> test_case, Prepared prepared,
                                            std::string guest_name, Progress progress) {
  const auto started = Clock::now();
  Conversation talk(test_case);
  talk.has_unsaved_devices = !prepared.program.renewed_devices.empty();
  talk.seen->modules = prepared.modules;
  talk.seen->kernel_checks_itself = prepared.kernel_checks_itself;
  talk.seen->preflight = prepared.preflight;
  if (!prepared.preflight.empty()) {
    talk.seen->ending = {.kind = Ending::Kind::not_started, .detail = "the modules do not fit the kernel"};
  } else {
    const Cancellation::Registration registration(
        cancellation_, [&talk] { talk.cut_short({.kind = Ending::Kind::stopped_early, .detail = "interrupted"}); });
    Task<> conversation = converse_and_examine(talk, prepared, guest_name, progress);
    Task<> cleanup = release(talk, prepared);
    try {
      co_await base::finally(std::move(conversation), std::move(cleanup));
    } catch (...) {
      if (!cancellation_.cancelled()) throw;
    }
    if (cancellation_.cancelled()) throw base::Interrupted();
  }
  read_sched(*talk.seen);
  if (talk.race_file) read_races(talk, prepared);
  if (plan::needs_fault_module(*test_case)) find_call_sources(*talk.seen, prepared.kernel.headers);
  name_unloaded_code(*talk.seen, prepared.kernel.headers);
  find_open_calls(*talk.seen, prepared.kernel);
  outcome::CaseFinished finished = judged(talk, prepared);
  finished.took = Clock::now() - started;
  co_return finished;
}

outcome::CaseFinished CaseRunner::judged(const Conversation &talk, const Prepared &prepared) const {
  outcome::CaseFinished finished;
  finished.test_case = talk.test_case;
  finished.seen = talk.seen;
  finished.verdict = judge::judge(*talk.test_case, *talk.seen);
  add_source_frames(finished.verdict, *talk.seen, prepared.kernel.headers);
  if (prepared.spec.clock == vm::Clock::virtual_) {
    if (auto digest = digest_of(*talk.test_case, *talk.seen, finished.verdict, end_of(talk))) {
      finished.digested = digest->messages;
      finished.digest = std::move(digest->text);
    }
  }
  if (meter_ && talk.code)
    finished.coverage =
        std::make_shared<const observe::Coverage>(meter_->measure(*talk.test_case, talk.seen->modules, *talk.code));
  finished.domain_xml = talk.domain_xml;
  if (talk.vmcore) finished.vmcore = talk.vmcore->path();
  finished.vmcore_owner = talk.vmcore;
  finished.vmcore_problem = talk.vmcore_problem;
  finished.kernel_release = prepared.kernel.release;
  finished.timings = talk.timings;
  return finished;
}

}  // namespace kmodtest::run
