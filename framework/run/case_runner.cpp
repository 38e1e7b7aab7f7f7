// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/case_runner.hpp"

#include <fmt/core.h>
#include <optional>
#include <utility>

#include "base/error.hpp"

namespace kmodtest::run {

using base::Task;
using judge::Ending;
using Clock = std::chrono::steady_clock;

namespace {

/// Adds the wall time of its scope.
class Stopwatch {
 public:
  explicit Stopwatch(report::Seconds &to) : to_(to), start_(Clock::now()) {}
  ~Stopwatch() { to_ += Clock::now() - start_; }
  Stopwatch(const Stopwatch &) = delete;
  Stopwatch &operator=(const Stopwatch &) = delete;

 private:
  report::Seconds &to_;
  Clock::time_point start_;
};

Ending ending_of(const agent::SessionError &error) {
  using Kind = agent::SessionError::Kind;
  return {error.kind() == Kind::timeout ? Ending::Kind::silent : Ending::Kind::channel_broken, error.what()};
}

Ending ending_of(vm::GuestState state) {
  if (state == vm::GuestState::crashed) return {Ending::Kind::panicked, "the guest's kernel panicked"};
  return {Ending::Kind::guest_gone, "the guest's QEMU ended"};
}

}  // namespace

void Cancellation::cancel() {
  if (std::exchange(cancelled_, true)) return;
  const auto callbacks = callbacks_;
  for (const auto &[id, callback] : callbacks) {
    if (callbacks_.count(id) > 0) callback();
  }
}

Cancellation::Registration::Registration(Cancellation &source, std::function<void()> callback) : source_(source) {
  if (source_.cancelled_) {
    callback();
    return;
  }
  id_ = ++source_.last_id_;
  source_.callbacks_[id_] = std::move(callback);
}

Cancellation::Registration::~Registration() {
  source_.callbacks_.erase(id_);
}

/// One guest and what is known of it so far.
struct CaseRunner::Conversation {
  explicit Conversation(std::shared_ptr<const plan::Case> of) : test_case(std::move(of)) {}

  std::shared_ptr<const plan::Case> test_case;
  std::shared_ptr<judge::Observations> seen = std::make_shared<judge::Observations>();
  report::Timings timings;
  std::unique_ptr<vm::Guest> guest;
  std::unique_ptr<agent::Session> session;
  std::optional<Ending> forced;  ///< why we closed the session ourselves
  std::string domain_xml;
  std::vector<wire::KernelLogLine> log;  ///< so far, to see early that the case is decided

  /// Ends whatever the session waits for; `why` is the ending unless there is one already.
  void cut_short(Ending why) {
    if (!forced) forced = std::move(why);
    if (session) session->close();
  }
};

Task<bool> CaseRunner::boot(Conversation &talk, const Prepared &prepared, const std::string &name,
                            const Progress &progress) {
  {
    const Stopwatch watch(talk.timings.start);
    progress("starting");
    vm::GuestSpec spec = prepared.spec;
    std::string guest_name = name;
    talk.guest = co_await hypervisor_.start(std::move(spec), std::move(guest_name));
  }
  talk.domain_xml = talk.guest->xml();
  const Stopwatch watch(talk.timings.boot);
  progress("booting");
  talk.guest->on_state_change([&talk](vm::GuestState state) { talk.cut_short(ending_of(state)); });
  std::optional<agent::SessionError> problem;
  try {
    base::UnixSocket socket = co_await talk.guest->open_channel();
    talk.session = std::make_unique<agent::Session>(std::move(socket));
    if (const auto state = talk.guest->state(); state != vm::GuestState::running) talk.cut_short(ending_of(state));
    talk.seen->agent = co_await talk.session->ready(limits_.boot_of(prepared.spec.cpus));
    co_return true;
  } catch (const agent::SessionError &error) {
    problem = error;
  }
  talk.seen->ending = talk.forced ? *talk.forced : ending_of(*problem);
  co_return false;
}

Task<> CaseRunner::execute(Conversation &talk, const Prepared &prepared, const Progress &progress) {
  base::asio::steady_timer grace(co_await base::asio::this_coro::executor);
  base::asio::steady_timer timeout(co_await base::asio::this_coro::executor);

  // A panic ends the guest, but the last of its log may still be on its way through the channel.
  talk.guest->on_state_change([&talk, &grace, this](vm::GuestState state) {
    grace.expires_after(limits_.after_report);
    grace.async_wait([&talk, why = ending_of(state)](boost::system::error_code error) {
      if (!error) talk.cut_short(why);
    });
  });
  bool decided = false;
  const std::size_t steps = prepared.program.steps.size();
  std::function<void(const wire::Report &)> on_report = [&](const wire::Report &report) {
    talk.seen->reports.push_back(report);
    if (const auto *step = std::get_if<wire::StepStarted>(&report); step && step->step < steps) {
      progress(fmt::format("step {}/{}: {}", step->step + 1, steps, prepared.program.steps[step->step].label));
    }
    const auto *lines = std::get_if<wire::LogLines>(&report);
    if (!lines || decided) return;
    talk.log.insert(talk.log.end(), lines->lines.begin(), lines->lines.end());
    if (!judge::decided_early(*talk.test_case, talk.log)) return;
    decided = true;
    grace.expires_after(limits_.after_report);
    grace.async_wait([&talk](boost::system::error_code error) {
      if (!error) talk.cut_short({Ending::Kind::stopped_early, "stopped after the kernel had reported a defect"});
    });
  };
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(talk.test_case->timeout);
  try {
    co_await push(talk, prepared, progress);
    const Stopwatch watch(talk.timings.steps);
    // Guest time is wall time in this version, but for what a loaded machine delays.
    timeout.expires_after(limit + limits_.case_grace);
    timeout.async_wait([&talk, limit](boost::system::error_code error) {
      if (error) return;
      talk.cut_short({Ending::Kind::timed_out, fmt::format("the case did not end within its timeout of {:g} s",
                                                           std::chrono::duration<double>(limit).count())});
    });
    wire::Program program = prepared.program;
    const auto ended =
        co_await talk.session->run(std::move(program), limit + 2 * limits_.case_grace, std::move(on_report));
    talk.timings.guest = ended.time;
    talk.seen->ending = {Ending::Kind::completed, ended.error};
  } catch (const agent::SessionError &error) {
    talk.seen->ending = talk.forced ? *talk.forced : ending_of(error);
  }
  grace.cancel();
  timeout.cancel();
  for (const auto &report : talk.seen->reports) {
    if (const auto *baseline = std::get_if<wire::Baseline>(&report)) talk.timings.guest -= baseline->inventory.time;
  }
  if (talk.timings.guest.count() < 0) talk.timings.guest = report::Seconds{0};
}

Task<> CaseRunner::push(Conversation &talk, const Prepared &prepared, const Progress &progress) {
  const Stopwatch watch(talk.timings.push);
  for (const auto &file : prepared.files) {
    progress(fmt::format("pushing {}", file.path.substr(file.path.rfind('/') + 1)));
    std::string path = file.path;
    co_await talk.session->push(std::move(path), *file.content, limits_.push);
  }
}

Task<report::CaseFinished> CaseRunner::run(std::shared_ptr<const plan::Case> test_case, Prepared prepared,
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
    std::exception_ptr problem;
    try {
      for (int attempt = 1;; ++attempt) {
        std::string name = fmt::format("{}-{}", guest_name, attempt);
        const bool ready = co_await boot(talk, prepared, name, progress);
        if (ready) {
          co_await execute(talk, prepared, progress);
          break;
        }
        const bool silent = talk.seen->ending.kind == Ending::Kind::silent;
        if (!silent || attempt >= limits_.boot_attempts || cancellation_.cancelled()) break;
        progress("booting again: the guest fell silent");
        talk.session.reset();
        co_await talk.guest->stop();
      }
    } catch (...) {
      problem = std::current_exception();  // g++ 12 cannot co_await in a handler
    }
    if (talk.guest) {
      const Stopwatch watch(talk.timings.stop);
      talk.guest->on_state_change({});
      talk.seen->console = talk.guest->console();
      talk.session.reset();
      co_await talk.guest->stop();
      talk.guest.reset();
    }
    if (cancellation_.cancelled()) throw base::Interrupted();
    if (problem) std::rethrow_exception(problem);
  }
  report::CaseFinished finished;
  finished.test_case = test_case;
  finished.seen = talk.seen;
  finished.verdict = judge::judge(*test_case, *talk.seen);
  finished.domain_xml = talk.domain_xml;
  finished.kernel_release = prepared.kernel.release;
  finished.timings = talk.timings;
  finished.took = Clock::now() - started;
  co_return finished;
}

}  // namespace kmodtest::run
