// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/case/case_runner.hpp"

#include <fmt/core.h>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/task.hpp"
#include "judge/judge.hpp"
#include "observe/sched/sched_trace.hpp"
#include "run/case/core_file.hpp"
#include "run/case/guest_ending.hpp"
#include "run/case/stopwatch.hpp"
#include "run/postmortem/dissect.hpp"
#include "run/postmortem/source_frames.hpp"
#include "run/postmortem/stuck_watch.hpp"
#include "storage/digest.hpp"

namespace kmodtest::run {

using base::Task;
using judge::Ending;
using Clock = std::chrono::steady_clock;

namespace {

constexpr const char *kStopped = "stopped after the kernel had reported a defect";

/// Somebody who debugs may sit there for as long as they like.
constexpr std::chrono::milliseconds kDebuggersPatience = std::chrono::hours(24 * 7);

/// All that the guest reported, to the last microsecond, and what came of it.
std::string digest_of(const judge::Observations &seen, const judge::Verdict &verdict) {
  storage::Sha256 digest;
  for (const wire::Report &report : seen.reports) digest.field(wire::encode(report, 0));
  return digest.field(judge::outcome_name(verdict.outcome)).hex();
}

/// What the scheduler did, where it was traced. A trace that cannot be read is the judge's to speak of.
void read_sched(judge::Observations &seen) {
  try {
    auto timeline = observe::read_sched_trace(seen.reports);
    if (timeline) seen.sched = std::make_shared<const observe::SchedTimeline>(std::move(*timeline));
  } catch (const base::Error &error) {
    seen.sched_problem = error.what();
  }
}

/// How long the agent may say nothing after it began a step, in guest time.
std::optional<std::chrono::microseconds> silence_of(const wire::Step &step) {
  if (const auto *sleep = std::get_if<wire::Sleep>(&step.body)) return sleep->duration;
  if (step.within.count() <= 0 && wire::is_action(step.body)) return std::nullopt;
  return step.within + step.hold_for;
}

}  // namespace

/// One guest and what is known of it so far.
struct CaseRunner::Conversation {
  explicit Conversation(std::shared_ptr<const plan::Case> of) : test_case(std::move(of)) {}

  std::shared_ptr<const plan::Case> test_case;
  std::shared_ptr<judge::Observations> seen = std::make_shared<judge::Observations>();
  outcome::Timings timings;
  std::unique_ptr<vm::Guest> own_guest;  ///< one that ends with the case
  vm::Guest *guest = nullptr;            ///< that one, or the slot's
  vm::Clock clock = vm::Clock::real;
  std::vector<wire::Step> steps;  ///< of the program, as far as it is known
  std::unique_ptr<agent::Session> session;
  std::optional<Ending> forced;  ///< why we closed the session ourselves
  bool answered = false;         ///< the program ended by itself
  std::string domain_xml;
  std::shared_ptr<CoreFile> vmcore;  ///< a whole one
  std::string vmcore_problem;
  std::vector<wire::KernelLogLine> log;  ///< so far, to see early that the case is decided

  /// Ends whatever the session waits for; `why` is the ending unless there is one already.
  void cut_short(Ending why) {
    if (!forced) forced = std::move(why);
    if (session) session->close();
  }
};

Task<bool> CaseRunner::boot(Conversation &talk, const Prepared &prepared, const std::string &name,
                            const Progress &progress) {
  progress(Phase::starting, "starting");
  BootRequest request{
      .spec = prepared.spec, .name = name, .deadline = limits_.boot_of(prepared.spec.cpus), .started = [&progress] {
        progress(Phase::booting, "booting");
      }};
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
  Pristine pristine =
      co_await slot_.pristine(std::move(spec), std::move(guest_name), std::move(description),
                              limits_.boot_of(prepared.spec.cpus), std::move(on_progress), talk.timings);
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

Task<> CaseRunner::execute(Conversation &talk, const Prepared &prepared, const Progress &progress) {
  base::asio::steady_timer grace(co_await base::asio::this_coro::executor);
  base::asio::steady_timer timeout(co_await base::asio::this_coro::executor);

  // A panic ends the guest, but the last of its log may still be on its way through the channel.
  talk.guest->on_state_change([&talk, &grace, this](vm::GuestState state) {
    grace.expires_after(limits_.after_report);
    grace.async_wait([&talk, why = guest_ending(state)](boost::system::error_code error) {
      if (!error) talk.cut_short(why);
    });
  });
  const bool counts_itself = prepared.spec.clock == vm::Clock::virtual_;
  auto executor = co_await base::asio::this_coro::executor;
  std::shared_ptr<StuckWatch> silence;
  const auto watch_over = [&] {
    if (!counts_itself || let_go_) return;
    StuckWatch::GiveUp give_up = [&talk](const std::string &why) { talk.cut_short({Ending::Kind::stuck, why}); };
    silence = std::make_shared<StuckWatch>(*talk.guest, executor, std::move(give_up));
    silence->start();
  };
  bool decided = false;
  talk.steps = prepared.program.steps;
  talk.clock = prepared.spec.clock;
  std::function<void(const wire::Report &)> on_report = [&](const wire::Report &report) {
    talk.seen->reports.push_back(report);
    const auto *step = std::get_if<wire::StepStarted>(&report);
    const wire::Step *begun = step && step->step < talk.steps.size() ? &talk.steps[step->step] : nullptr;
    if (silence) silence->heard(begun ? silence_of(*begun) : std::nullopt);
    if (begun)
      progress(Phase::stepping, fmt::format("step {}/{}: {}", step->step + 1, talk.steps.size(), begun->label));
    const auto *lines = std::get_if<wire::LogLines>(&report);
    if (!lines || decided || let_go_) return;
    talk.log.insert(talk.log.end(), lines->lines.begin(), lines->lines.end());
    if (!judge::decided_early(*talk.test_case, *talk.seen, talk.log)) return;
    decided = true;
    grace.expires_after(limits_.after_report);
    grace.async_wait([&talk](boost::system::error_code error) {
      if (!error) talk.cut_short({Ending::Kind::stopped_early, kStopped});
    });
  };
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(talk.test_case->timeout);
  try {
    co_await push(talk, prepared.files, progress);
    const Stopwatch watch(talk.timings.steps);
    // Under virtual time the agent counts the timeout; this guards against a guest that lets it count no more.
    const auto wall_limit =
        let_go_ ? kDebuggersPatience : limit * (counts_itself ? limits_.wall_per_guest_time : 1) + limits_.case_grace;
    const Ending too_long{Ending::Kind::timed_out, fmt::format("the case did not end within its timeout of {:g} s",
                                                               std::chrono::duration<double>(limit).count())};
    const auto limit_wall_time = [&] {
      timeout.expires_after(wall_limit);
      timeout.async_wait([&talk, too_long](boost::system::error_code error) {
        if (!error) talk.cut_short(too_long);
      });
    };
    limit_wall_time();
    wire::Program program = prepared.program;
    program.rests = static_cast<bool>(ask_);
    if (!counts_itself) program.timeout = wire::Microseconds{0};
    std::function<Task<>()> go;
    watch_over();
    if (talk.guest != talk.own_guest.get()) {
      go = [&talk, this] { return let_go_ ? let_go_(*talk.guest) : talk.guest->resume(); };
    }
    const auto patience = wall_limit + limits_.case_grace;
    std::function<void(const wire::Report &)> listener = on_report;
    auto outcome = co_await talk.session->begin(std::move(program), patience, std::move(listener), std::move(go));
    while (!outcome) {
      timeout.cancel();
      if (silence) co_await silence->join();
      if (decided) talk.cut_short({Ending::Kind::stopped_early, kStopped});
      if (talk.forced) break;
      co_await rest(talk);
      More more = co_await ask_(*talk.seen);
      if (talk.forced) break;  // its QEMU ended meanwhile
      talk.steps.insert(talk.steps.end(), more.request.steps.begin(), more.request.steps.end());
      co_await push(talk, more.files, progress);
      limit_wall_time();
      watch_over();
      std::function<Task<>()> resume = [&talk] { return talk.guest->resume(); };
      listener = on_report;
      outcome = co_await talk.session->go_on(std::move(more.request), patience, std::move(listener), std::move(resume));
    }
    if (!outcome) throw agent::SessionError(agent::SessionError::Kind::closed, talk.forced->detail);
    const wire::ProgramEnded ended = *outcome;
    talk.timings.guest = ended.time;
    talk.seen->ending = {Ending::Kind::completed, ended.error};
    if (ended.timed_out) talk.seen->ending = too_long;
    talk.answered = true;
  } catch (const agent::SessionError &error) {
    talk.seen->ending = talk.forced ? *talk.forced : guest_ending(error);
  }
  if (silence) co_await silence->join();
  grace.cancel();
  timeout.cancel();
  if (!talk.seen->agent) talk.seen->agent = talk.session->info();
  for (const auto &report : talk.seen->reports) {
    if (const auto *baseline = std::get_if<wire::Baseline>(&report)) talk.timings.guest -= baseline->inventory.time;
  }
  if (talk.timings.guest.count() < 0) talk.timings.guest = outcome::Seconds{0};
}

Task<> CaseRunner::push(Conversation &talk, const std::vector<PushedFile> &files, const Progress &progress) {
  const Stopwatch watch(talk.timings.push);
  for (const auto &file : files) {
    progress(Phase::pushing, fmt::format("pushing {}", file.path.substr(file.path.rfind('/') + 1)));
    std::string path = file.path;
    co_await talk.session->push(std::move(path), *file.content, limits_.push);
  }
}

Task<> CaseRunner::rest(Conversation &talk) {
  if (talk.clock == vm::Clock::virtual_) {
    const bool held = co_await talk.session->holds_still(limits_.to_rest);
    if (held) co_return;
  }
  co_await talk.guest->pause();
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
    if (cancellation_.cancelled()) co_return;  // it came when there was no session that it could have closed
    if (ready) {
      co_await execute(talk, prepared, progress);
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
  if (talk.guest && !cancellation_.cancelled()) co_await dump(talk, guest_name, progress);
}

Task<> CaseRunner::examine(Conversation &talk, const Prepared &prepared, const Progress &progress) {
  if (!prepared.names || !judge::wants_dissection(*talk.test_case, *talk.seen)) co_return;
  const Stopwatch watch(talk.timings.stop);
  progress(Phase::examining, "looking at what hangs");
  auto found = std::make_shared<judge::Dissection>();
  std::function<void(vm::Inspector &)> look = [found, names = prepared.names](vm::Inspector &guest) {
    *found = dissect(guest, names->get());
  };
  try {
    co_await talk.guest->pause();
    co_await talk.guest->inspect(std::move(look));
  } catch (const base::Interrupted &) {
    throw;
  } catch (const base::Error &error) {
    found->problem = error.what();
  }
  talk.seen->dissection = std::move(*found);
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

Task<> CaseRunner::release(Conversation &talk) {
  if (talk.guest == nullptr) co_return;
  const Stopwatch watch(talk.timings.stop);
  talk.guest->on_state_change({});
  talk.seen->console = talk.guest->console();
  talk.session.reset();
  if (talk.own_guest) {
    co_await talk.own_guest->stop();
    talk.own_guest.reset();
  } else {
    if (!talk.answered) slot_.distrust();
    co_await slot_.pause();
  }
  talk.guest = nullptr;
}

Task<outcome::CaseFinished> CaseRunner::run(std::shared_ptr<const plan::Case> test_case, Prepared prepared,
                                            std::string guest_name, Progress progress) {
  const auto started = Clock::now();
  Conversation talk(test_case);
  talk.seen->modules = prepared.modules;
  talk.seen->preflight = prepared.preflight;
  if (!prepared.preflight.empty()) {
    talk.seen->ending = {Ending::Kind::not_started, "the modules do not fit the kernel"};
  } else {
    const Cancellation::Registration registration(cancellation_, [&talk] {
      talk.cut_short({Ending::Kind::stopped_early, "interrupted"});
    });
    Task<> conversation = converse_and_examine(talk, prepared, guest_name, progress);
    Task<> cleanup = release(talk);
    try {
      co_await base::finally(std::move(conversation), std::move(cleanup));
    } catch (...) {
      if (!cancellation_.cancelled()) throw;
    }
    if (cancellation_.cancelled()) throw base::Interrupted();
  }
  read_sched(*talk.seen);
  outcome::CaseFinished finished;
  finished.test_case = test_case;
  finished.seen = talk.seen;
  finished.verdict = judge::judge(*test_case, *talk.seen);
  add_source_frames(finished.verdict, *talk.seen, prepared.kernel.headers);
  if (talk.answered && prepared.spec.clock == vm::Clock::virtual_) {
    finished.digest = digest_of(*talk.seen, finished.verdict);
  }
  finished.domain_xml = talk.domain_xml;
  if (talk.vmcore) finished.vmcore = talk.vmcore->path();
  finished.vmcore_owner = talk.vmcore;
  finished.vmcore_problem = talk.vmcore_problem;
  finished.kernel_release = prepared.kernel.release;
  finished.timings = talk.timings;
  finished.took = Clock::now() - started;
  co_return finished;
}

}  // namespace kmodtest::run
