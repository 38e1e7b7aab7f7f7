// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/wait.h>
#include <utility>
#include <variant>
#include <vector>

#include "kmemleak.hpp"
#include "memory_channel.hpp"
#include "program_run.hpp"
#include "sample.hpp"

namespace kmodtest::guest {
namespace {

// Debian's kernels give up on devices without a driver 10 s after the boot (driver_deferred_probe_timeout).
constexpr Time kQuietAfter{12'000'000};

/// Both signals only have to end a ppoll().
void note_signal(int) {}

/// Blocks the signals, so that they arrive only while we wait.
sigset_t hold_signals() {
  struct sigaction action {};
  action.sa_handler = note_signal;
  ::sigaction(SIGCHLD, &action, nullptr);
  ::sigaction(SIGIO, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t held;
  sigset_t before;
  sigemptyset(&held);
  sigaddset(&held, SIGCHLD);
  sigaddset(&held, SIGIO);
  ::sigprocmask(SIG_BLOCK, &held, &before);
  sigdelset(&before, SIGCHLD);
  sigdelset(&before, SIGIO);
  return before;
}

const sigset_t &while_waiting() {
  static const sigset_t mask = hold_signals();
  return mask;
}

/// Lets the kernel do less on its own: each time that an idle guest wakes up costs wall time. Two timers a second fewer
/// on each CPU, and two of the thread that moves pages together.
void quieten() {
  write_text("/proc/sys/vm/stat_interval", "600");
  write_text("/proc/sys/vm/compaction_proactiveness", "0");
}

}  // namespace

Agent::Agent(std::unique_ptr<Channel> channel, Worker its_worker)
    : worker(std::move(its_worker)), channel_(std::move(channel)) {
  while_waiting();
}

void Agent::serve(bool virtual_time) {
  if (virtual_time) {
    quieten();
    sleep_until(kQuietAfter);
    sched_trace.prepare();
    std::string entries = worker.finish(Job(Job::Kind::list_entries)).content;
    const std::string resources = read_resources();
    KernelThreads all;
    wire::Inventory inventory = list_kernel_state(all);
    KernelThreads threads(inventory.threads);
    threads.find();  // so that it has seen all of them
    pristine.emplace(Baseline{std::move(entries), ResourceSet(resources), std::move(inventory), std::move(threads)});
  } else {
    sched_trace.prepare();
  }
  has_kmemleak();
  answer(wire::Info{describe_guest()}, 0);
  channel_->settle();
  last_request_ = now();
  for (;;) {
    turn(kNever);
    if (!waiting_) continue;
    wire::Program program = *std::exchange(waiting_, std::nullopt);
    log_budget_ =
        shared::LogBudget(program.trace_sched ? shared::LogBudget::kBytesBesideTrace : shared::LogBudget::kBytes);
    running_ = true;
    ProgramRun(*this, program).run();
    running_ = false;
    cancelled_ = false;
    last_request_ = now();
    if (terminal_.is_open()) log.open();  // the program closed its own
  }
}

void Agent::turn(Time until) {
  channel_->flush();
  std::vector<pollfd> polled;
  if (channel_->fd() < 0) {
    // A program's waits are not disturbed: the next request can wait for its end. A user who types cannot.
    if (!running_ || terminal_.is_open()) until = std::min(until, later(now(), request_pause()));
  } else if (channel_->connected()) {
    const int events = POLLIN | (channel_->wants_to_write() ? POLLOUT : 0);
    polled.push_back({channel_->fd(), static_cast<short>(events), 0});
  } else {
    until = std::min(until, later(now(), Channel::kReopenPoll));
  }
  if (log.fd() >= 0 && !congested()) polled.push_back({log.fd(), POLLIN, 0});
  if (worker.fd() >= 0) polled.push_back({worker.fd(), POLLIN, 0});
  commands.add_to(polled);
  terminal_.add_to(polled);
  if (!congested()) sched_trace.add_to(polled);

  const timespec timeout = until == kNever ? timespec{} : to_timespec(until - now());
  const int ready = ::ppoll(polled.data(), polled.size(), until == kNever ? nullptr : &timeout, &while_waiting());
  if (ready < 0)
    for (pollfd &poll_fd : polled) poll_fd.revents = 0;

  if (worker.fd() >= 0) worker.receive();
  if (!commands.all().empty()) commands.receive();
  int status = 0;
  for (pid_t pid; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    commands.reaped(pid, status);
    terminal_.reaped(pid, status);
  }

  const bool hung_up = channel_->fd() >= 0 && channel_->connected() && (polled.front().revents & POLLHUP) != 0;
  if (!channel_->connected()) channel_->look_at_host();
  channel_->receive();
  handle_frames();
  // Only now: a host can close right after its last request.
  if (hung_up) channel_->look_at_host();
  pump_log();
  for (const wire::TracePages &pages : sched_trace.take_ready(polled)) report(pages);
  serve_terminal();
  channel_->flush();
}

Time Agent::request_pause() const {
  if (terminal_.is_open()) return MemoryChannel::kPoll;
  return std::clamp((now() - last_request_) / MemoryChannel::kPollsPerWait, MemoryChannel::kPoll,
                    MemoryChannel::kSlowestPoll);
}

std::optional<wire::Continue> Agent::rest() {
  pump_log();
  resting_ = true;
  report(wire::Resting{now()});
  channel_->flush();
  channel_->rest();
  // Messages that were sent while we were paused have arrived by now.
  turn(now());
  while (!more_ && !cancelled_) turn(channel_->fd() < 0 ? later(now(), MemoryChannel::kPoll) : kNever);
  resting_ = false;
  return std::exchange(more_, std::nullopt);
}

void Agent::serve_terminal() {
  if (!terminal_.is_open() || congested()) return;
  for (wire::TerminalOutput &output : terminal_.exchange()) answer(std::move(output), terminal_id_);
  const std::optional<wire::TerminalEnded> ended = terminal_.ended();
  if (!ended) return;
  answer(*ended, terminal_id_);
  if (!running_) log.close();
}

void Agent::open_terminal(const wire::OpenTerminal &wanted, std::uint32_t id) {
  terminal_.close();  // of a controller that disappeared without closing it
  if (const int error = terminal_.open(wanted); error != 0) {
    answer(wire::Refused{describe_error("cannot start a shell", error)}, id);
    return;
  }
  terminal_id_ = id;
  // The log of a session begins here; a running program's is open already.
  if (log.fd() < 0) log.open();
}

void Agent::pump_log() {
  // No more than was there at the beginning: a module can print faster than we read.
  for (std::size_t read = 0; read < log.capacity() && log.fd() >= 0 && !congested();) {
    wire::LogLines fresh;
    fresh.lines = log.read_new(&fresh.lost);
    if (fresh.lines.empty() && fresh.lost == 0) return;
    read += fresh.lines.size();
    send_log(std::move(fresh));
  }
}

void Agent::send_log(wire::LogLines lines) {
  if (terminal_.is_open()) return answer(lines, terminal_id_);
  if (const auto message = log_budget_.take(std::move(lines))) answer(*message, program_id_);
}

void Agent::pump_trace() {
  for (const wire::TracePages &pages : sched_trace.take_all()) report(pages);
  report(sched_trace.check());
}

void Agent::report(const wire::AgentMessage &report) {
  if (const auto lines = log_budget_.newest(std::holds_alternative<wire::ProgramEnded>(report))) {
    answer(*lines, program_id_);
  }
  answer(report, program_id_);
}

void Agent::answer(const wire::AgentMessage &report, std::uint32_t id) {
  channel_->send(wire::encode(report, id));
}

void Agent::handle_frames() {
  for (;;) {
    std::string error;
    const std::optional<wire::Frame> frame = channel_->next_frame(&error);
    if (!error.empty()) {
      answer(wire::Refused{error}, 0);
      continue;
    }
    if (!frame) return;
    last_request_ = now();
    handle(*frame);
  }
}

void Agent::handle(const wire::Frame &frame) {
  std::string error;
  std::optional<wire::Request> request = wire::decode_request(frame, &error);
  if (!request) {
    answer(wire::Refused{error}, frame.id);
  } else if (std::holds_alternative<wire::Hello>(*request)) {
    answer(wire::Info{describe_guest()}, frame.id);
  } else if (const auto *chunk = std::get_if<wire::Push>(&*request)) {
    if (const auto pushed = receiver_.take(*chunk)) answer(*pushed, frame.id);
  } else if (auto *run = std::get_if<wire::Run>(&*request)) {
    if (running_ || waiting_) {
      answer(wire::Refused{"a program is running already"}, frame.id);
    } else if (terminal_.is_open()) {
      answer(wire::Refused{"a terminal is open"}, frame.id);
    } else {
      waiting_ = std::move(run->program);
      program_id_ = frame.id;
    }
  } else if (auto *more = std::get_if<wire::Continue>(&*request)) {
    if (resting_ && !more_) {
      more_ = std::move(*more);
    } else {
      answer(wire::Refused{"no program rests"}, frame.id);
    }
  } else if (const auto *wanted = std::get_if<wire::OpenTerminal>(&*request)) {
    open_terminal(*wanted, frame.id);
  } else if (const auto *typed = std::get_if<wire::TerminalInput>(&*request)) {
    terminal_.type(typed->data);
  } else if (const auto *size = std::get_if<wire::ResizeTerminal>(&*request)) {
    terminal_.resize(size->rows, size->columns);
  } else {
    // A late Cancel has nothing to end, and its sender has got ProgramEnded already.
    cancelled_ = running_ || waiting_;
  }
}

}  // namespace kmodtest::guest
