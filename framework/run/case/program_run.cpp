// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/case/program_run.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include "judge/flood.hpp"
#include "judge/judge.hpp"
#include "observe/reports/reports.hpp"
#include "run/case/guest_ending.hpp"
#include "run/case/stopwatch.hpp"
#include "shared/kmsg.hpp"
#include "wire/kmemleak.hpp"

namespace kmodtest::run {

using base::Task;
using judge::Ending;
using std::chrono::milliseconds;

namespace {

constexpr const char *kReported = "stopped after the kernel had reported a defect";
constexpr const char *kDrowned = "stopped because the log was flooded";

/// Effectively no timeout while a debugger is attached.
constexpr milliseconds kDebuggersPatience = std::chrono::hours(24 * 7);

/// The guest time that the agent can take for its inventories after a step: several jobs, each with a deadline of its
/// own.
constexpr std::chrono::seconds kBetweenSteps{60};

/// Returns how long the agent can be silent after it began a step, in guest time.
std::optional<std::chrono::microseconds> silence_of(const wire::Step &step) {
  if (const auto *sleep = std::get_if<wire::Sleep>(&step.body)) return sleep->duration;
  if (step.within.count() <= 0 && wire::is_action(step.body)) return std::nullopt;
  return step.within + step.hold_for;
}

/// Under virtual time this guards against a guest that no longer lets its agent count.
milliseconds wall_limit(milliseconds timeout, const Limits &limits, bool virtual_time) {
  return timeout * (virtual_time ? limits.wall_per_guest_time : 1) + limits.case_grace;
}

Ending too_long(milliseconds timeout) {
  return {.kind = Ending::Kind::timed_out,
          .detail = fmt::format("the case did not end within its timeout of {:g} s",
                                std::chrono::duration<double>(timeout).count())};
}

}  // namespace

ProgramRun::ProgramRun(Conversation &talk, const Prepared &prepared, const Limits &limits, const LetGo &let_go,
                       const Ask &ask, const Progress &progress, const base::asio::any_io_executor &executor)
    : talk_(talk),
      prepared_(prepared),
      limits_(limits),
      let_go_(let_go),
      ask_(ask),
      progress_(progress),
      executor_(executor),
      virtual_time_(prepared.spec.clock == vm::Clock::virtual_),
      timeout_(std::chrono::duration_cast<milliseconds>(talk.test_case->timeout)),
      wall_limit_(let_go ? kDebuggersPatience : wall_limit(timeout_, limits, virtual_time_)),
      too_long_(too_long(timeout_)),
      steps_(prepared.program.steps),
      grace_(executor),
      wall_clock_(executor) {}

Task<> ProgramRun::run() {
  Task<> program = execute();
  Task<> cleanup = end();
  co_await base::finally(std::move(program), std::move(cleanup));
  finish_timings();
}

Task<> ProgramRun::execute() {
  talk_.guest->on_state_change([this](vm::GuestState state) { guest_changed(state); });
  try {
    co_await push(prepared_.files);
    const Stopwatch watch(talk_.timings.steps);
    Ended ended = co_await begin();
    while (!ended) {
      wall_clock_.cancel();
      if (silence_) co_await silence_->join();
      if (decided_) stop_early(kReported);
      if (talk_.forced) break;
      co_await rest();
      More more = co_await ask_(*talk_.seen);
      if (talk_.forced) break;  // the guest's QEMU ended meanwhile
      ended = co_await go_on(std::move(more));
    }
    if (ended) {
      complete(*ended);
    } else {
      talk_.seen->ending = *talk_.forced;
    }
  } catch (const agent::SessionError &error) {
    talk_.seen->ending = talk_.forced ? *talk_.forced : guest_ending(error);
  }
}

Task<> ProgramRun::end() {
  if (silence_) co_await silence_->join();
  grace_.cancel();
  wall_clock_.cancel();
  talk_.guest->on_state_change({});
}

Task<> ProgramRun::push(const std::vector<PushedFile> &files) {
  const Stopwatch watch(talk_.timings.push);
  for (const auto &file : files) {
    progress_(Phase::pushing, fmt::format("pushing {}", file.path.substr(file.path.rfind('/') + 1)));
    std::string path = file.path;
    const milliseconds limit = limits_.push_of(file.content->size());
    co_await talk_.session->push(std::move(path), *file.content, limit);
  }
}

Task<ProgramRun::Ended> ProgramRun::begin() {
  limit_wall_time();
  watch_for_silence();
  wire::Program program = prepared_.program;
  program.rests = static_cast<bool>(ask_);
  if (!virtual_time_) program.timeout = wire::Microseconds{0};
  // Waiting costs nothing then. A debugger would get what happens meanwhile for a part of the case.
  if (virtual_time_ && !let_go_) program.idles = limits_.idle;
  std::function<void(const wire::AgentMessage &)> listener = [this](const wire::AgentMessage &message) {
    hear(message);
  };
  std::function<Task<>()> go;
  if (talk_.own_guest == nullptr) go = [this] { return let_guest_go(); };
  co_return co_await talk_.session->begin(std::move(program), wall_limit_ + limits_.case_grace, std::move(listener),
                                          std::move(go));
}

Task<ProgramRun::Ended> ProgramRun::go_on(More more) {
  steps_.insert(steps_.end(), more.request.steps.begin(), more.request.steps.end());
  co_await push(more.files);
  limit_wall_time();
  watch_for_silence();
  std::function<void(const wire::AgentMessage &)> listener = [this](const wire::AgentMessage &message) {
    hear(message);
  };
  std::function<Task<>()> resume = [this] { return talk_.guest->resume(); };
  co_return co_await talk_.session->go_on(std::move(more.request), wall_limit_ + limits_.case_grace,
                                          std::move(listener), std::move(resume));
}

Task<> ProgramRun::rest() {
  if (virtual_time_) {
    const bool held = co_await talk_.session->holds_still(limits_.to_rest);
    if (held) co_return;
  }
  co_await talk_.guest->pause();
}

Task<> ProgramRun::let_guest_go() {
  return let_go_ ? let_go_(*talk_.guest) : talk_.guest->resume();
}

void ProgramRun::guest_changed(vm::GuestState state) {
  // A panic ends the guest, but the end of its log can still be on its way through the channel.
  grace_.set(limits_.after_report, [this, why = guest_ending(state)] { talk_.cut_short(why); });
}

void ProgramRun::hear(const wire::AgentMessage &message) {
  if (drowned_) return;  // how many follow depends on wall time
  talk_.seen->messages.push_back(message);
  hear_step(message);
  if (const auto *lines = std::get_if<wire::LogLines>(&message)) hear_log(*lines);
}

void ProgramRun::hear_step(const wire::AgentMessage &message) {
  const auto *started = std::get_if<wire::StepStarted>(&message);
  const auto *idles = std::get_if<wire::Idles>(&message);
  const wire::Step *step = started && started->step < steps_.size() ? &steps_[started->step] : nullptr;
  if (step) silent_for_ = silence_of(*step);
  if (idles) silent_for_ = idles->until - idles->time;
  if (std::holds_alternative<wire::StepEnded>(message)) silent_for_ = kBetweenSteps;
  if (silence_) silence_->heard(silent_for_);
  if (idles) progress_(Phase::stepping, "waiting for what is still due after the unload");
  if (step) {
    progress_(Phase::stepping, fmt::format("step {}/{}: {}", started->step + 1, steps_.size(), step->label));
  }
}

void ProgramRun::hear_log(const wire::LogLines &lines) {
  const auto scans = [](const wire::KernelLogLine &line) {
    return shared::is_marker(line) && line.text.ends_with(wire::kKmemleakMark);
  };
  if (silence_ && std::any_of(lines.lines.begin(), lines.lines.end(), scans)) {
    silence_->rest();
    progress_(Phase::stepping, "kmemleak looks for memory that nothing points to");
  }
  if (let_go_ || stopped_) return;
  log_.insert(log_.end(), lines.lines.begin(), lines.lines.end());
  suspicious_ = suspicious_ || std::any_of(lines.lines.begin(), lines.lines.end(), observe::opens_report);
  if (!decided_ && suspicious_ && judge::decided_early(*talk_.test_case, *talk_.seen, log_)) {
    decide();
    grace_.set(limits_.after_report, [this] { stop_early(kReported); });
  } else if (!decided_ && drowns(lines)) {
    decide();
    drowned_ = true;
    stop_early(kDrowned);
  }
  // In a guest that idles after an oops, minutes can pass while the host waits, and the deadline of the case ends the
  // task that waits for the one that was killed.
  if (decided_ && !stopped_ && virtual_time_ && judge::oops_is_whole(*talk_.test_case, *talk_.seen, log_))
    stop_early(kReported);
}

bool ProgramRun::drowns(const wire::LogLines &lines) {
  left_out_ += lines.left_out;
  lost_ += lines.lost;
  return judge::is_drowned(left_out_, lost_) && talk_.test_case->checks.reports;
}

void ProgramRun::decide() {
  decided_ = true;
  talk_.decided_after = talk_.seen->messages.size();
}

void ProgramRun::stop_early(const char *why) {
  stopped_ = true;
  talk_.cut_short({.kind = Ending::Kind::stopped_early, .detail = why});
}

void ProgramRun::limit_wall_time() {
  wall_clock_.set(wall_limit_, [this] { talk_.cut_short(too_long_); });
}

void ProgramRun::watch_for_silence() {
  if (!virtual_time_ || let_go_) return;
  StuckWatch::GiveUp give_up = [this](const std::string &why) {
    talk_.cut_short({.kind = Ending::Kind::stuck, .detail = why});
  };
  silence_ = std::make_shared<StuckWatch>(*talk_.guest, prepared_.names, executor_, std::move(give_up));
  silence_->start();
}

void ProgramRun::complete(const wire::ProgramEnded &ended) {
  talk_.timings.guest = ended.time;
  talk_.seen->ending = {.kind = Ending::Kind::completed, .detail = ended.error};
  if (ended.timed_out) talk_.seen->ending = too_long_;
  talk_.answered = true;
}

void ProgramRun::finish_timings() {
  if (!talk_.seen->agent) talk_.seen->agent = talk_.session->info();
  const auto &messages = talk_.seen->messages;
  const auto first = std::find_if(messages.begin(), messages.end(), [](const wire::AgentMessage &message) {
    return std::holds_alternative<wire::Baseline>(message);
  });
  if (first != messages.end()) talk_.timings.guest -= std::get<wire::Baseline>(*first).inventory.time;
  if (talk_.timings.guest.count() < 0) talk_.timings.guest = outcome::Seconds{0};
}

}  // namespace kmodtest::run
