// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/runner.hpp"

#include <algorithm>
#include <csignal>
#include <deque>
#include <fmt/core.h>
#include <optional>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/error.hpp"
#include "base/offload.hpp"
#include "report/listeners.hpp"

namespace kmodtest::run {

using base::Task;
namespace asio = base::asio;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t kOutcomes = static_cast<std::size_t>(judge::Outcome::skipped) + 1;

std::size_t index_of(judge::Outcome outcome) {
  return static_cast<std::size_t>(outcome);
}

/// A case that ended before a guest could say anything.
report::CaseFinished finished_without_guest(std::shared_ptr<const plan::Case> test_case, judge::Outcome outcome,
                                            judge::Evidence evidence) {
  report::CaseFinished finished;
  finished.test_case = std::move(test_case);
  auto seen = std::make_shared<judge::Observations>();
  seen->ending = {judge::Ending::Kind::not_started, evidence.summary};
  finished.seen = std::move(seen);
  finished.verdict.outcome = outcome;
  finished.verdict.evidence.push_back(std::move(evidence));
  return finished;
}

std::vector<std::string> lines_of(const std::string &text) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

}  // namespace

ExitCode exit_code(const RunResult &result) {
  if (result.interrupted) return ExitCode::interrupted;
  using judge::Outcome;
  for (const Outcome outcome : {Outcome::failed, Outcome::crashed, Outcome::hung, Outcome::leaked}) {
    if (result.by_outcome[index_of(outcome)] > 0) return ExitCode::some_did_not_pass;
  }
  if (result.by_outcome[index_of(Outcome::errored)] > 0 || result.not_run > 0) return ExitCode::infrastructure;
  return ExitCode::all_passed;
}

struct Runner::State {
  State(Prepare how, int workers) : prepare(std::move(how)), pool(static_cast<std::size_t>(workers)) {}

  asio::io_context io;
  Prepare prepare;
  asio::thread_pool pool;
  Cancellation cancellation;
  std::unique_ptr<vm::Hypervisor> hypervisor;
  std::optional<vm::SnapshotStore> store;
  std::filesystem::path cache;
  std::deque<std::shared_ptr<const plan::Case>> queue;
  std::optional<vm::Accelerator> accelerator;
  std::optional<asio::steady_timer> accelerator_known;  ///< others wait here for the one that probes
  bool probing = false;
  RunResult result;
  std::size_t finished = 0;
  std::size_t guests = 0;  ///< started so far; part of their names
  int active_workers = 0;
  std::exception_ptr problem;  ///< the first that ends the whole run
  asio::signal_set *signals = nullptr;
  asio::steady_timer ticker{io};
};

Runner::Runner(RunOptions options, std::vector<report::Listener *> listeners)
    : options_(std::move(options)), listeners_(std::move(listeners)) {}

void Runner::tell(const report::Event &event) {
  for (auto *listener : listeners_) listener->on(event);
}

RunResult Runner::run(std::vector<std::shared_ptr<const plan::Case>> cases) {
  const auto cache = kernel::cache_folder();
  asio::io_context *notices = nullptr;
  kernel::Progress progress = [this, &notices](const std::string &text) {
    // From the threads that prepare; listeners hear everything on the io_context's thread.
    if (notices) asio::post(*notices, [this, text] { tell(report::Notice{text}); });
  };
  Preparer preparer(options_.kernel, cache, progress);
  preparer.check_kernels(cases);
  auto hypervisor_options = options_.hypervisor;
  hypervisor_options.cache = cache;
  OpenHypervisor open = [&](asio::io_context &io) {
    notices = &io;
    return vm::open_hypervisor(io, hypervisor_options);
  };
  Prepare prepare = [&preparer](const plan::Case &test_case) { return preparer.prepare(test_case); };
  return run(std::move(cases), std::move(open), std::move(prepare), cache);
}

RunResult Runner::run(std::vector<std::shared_ptr<const plan::Case>> cases, OpenHypervisor open, Prepare prepare,
                      std::filesystem::path cache) {
  const auto began = Clock::now();
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const int workers =
      std::clamp(options_.workers > 0 ? options_.workers : cores, 1, std::max(1, static_cast<int>(cases.size())));
  State state(std::move(prepare), workers);
  state.cache = std::move(cache);
  if (options_.snapshots) {
    // Asked from any thread; listeners hear everything on this one.
    vm::SnapshotStore::Say say = [this, &state](const std::string &text) {
      asio::post(state.io, [this, text] { tell(report::Notice{text}); });
    };
    state.store.emplace(state.cache / "snapshots", vm::snapshot_limit(), std::move(say));
  }
  state.result.by_outcome.assign(kOutcomes, 0);
  state.queue.assign(cases.begin(), cases.end());
  state.accelerator_known.emplace(state.io, asio::steady_timer::time_point::max());

  asio::signal_set signals(state.io, SIGINT, SIGTERM, SIGHUP);
  state.signals = &signals;
  signals.async_wait([&](boost::system::error_code error, int) {
    if (error) return;
    state.result.interrupted = true;
    state.cancellation.cancel();
    state.accelerator_known->cancel();
    // From the second on there is no waiting: guests end with this process, their folders are swept by the next run.
    signals.async_wait([](boost::system::error_code again, int number) {
      if (!again) ::_exit(128 + number);
    });
  });

  state.hypervisor = open(state.io);
  tell(report::RunStarted{cases.size(), workers, state.hypervisor->describe()});
  state.active_workers = workers;
  for (int number = 0; number < workers; ++number) {
    Task<> task = worker(state, number);
    asio::co_spawn(state.io, std::move(task), [&state](std::exception_ptr thrown) {
      if (thrown && !state.problem) state.problem = thrown;
      if (thrown) state.cancellation.cancel();
      if (--state.active_workers > 0) return;
      state.signals->cancel();
      state.ticker.cancel();
    });
  }
  Task<> ticking = tick(state);
  asio::co_spawn(state.io, std::move(ticking), [&state](std::exception_ptr thrown) {
    if (!thrown) return;
    if (!state.problem) state.problem = thrown;
    state.cancellation.cancel();
  });
  // Not run(): libvirt's event loop and the signals keep the io_context busy for ever.
  while (state.active_workers > 0) {
    try {
      state.io.run_one();
    } catch (...) {  // a listener could not write: end the run, but let the workers take their guests down first
      if (!state.problem) state.problem = std::current_exception();
      state.cancellation.cancel();
    }
  }
  state.pool.join();
  state.hypervisor.reset();

  state.result.not_run = cases.size() - state.finished;
  report::RunFinished finished;
  finished.took = Clock::now() - began;
  finished.interrupted = state.result.interrupted || state.problem != nullptr;
  finished.by_outcome = state.result.by_outcome;
  finished.not_run = state.result.not_run;
  tell(finished);
  if (state.problem) {
    try {
      std::rethrow_exception(state.problem);
    } catch (const base::Interrupted &) {
    }
  }
  return state.result;
}

Task<> Runner::tick(State &state) {
  boost::system::error_code error;
  while (state.active_workers > 0) {
    state.ticker.expires_after(std::chrono::seconds(1));
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await state.ticker.async_wait(token);
    if (!error) tell(report::Tick{});
  }
}

Task<> Runner::worker(State &state, int number) {
  Berth berth(*state.hypervisor, {state.store ? &*state.store : nullptr, &state.pool}, state.cancellation);
  std::exception_ptr problem;
  try {
    co_await run_cases(state, number, berth);
  } catch (...) {
    problem = std::current_exception();  // g++ 12 cannot co_await in a handler
  }
  co_await berth.clear();
  if (problem) std::rethrow_exception(problem);
}

Task<> Runner::run_cases(State &state, int number, Berth &berth) {
  while (!state.queue.empty() && !state.cancellation.cancelled()) {
    auto test_case = state.queue.front();
    state.queue.pop_front();
    tell(report::CaseStarted{test_case});
    Task<report::CaseFinished> task = run_one(state, test_case, number, berth);
    report::CaseFinished finished = co_await std::move(task);
    if (!options_.artifacts.empty()) finished.artifacts = options_.artifacts / report::folder_name(*test_case);
    ++state.finished;
    ++state.result.by_outcome[index_of(finished.verdict.outcome)];
    const auto outcome = finished.verdict.outcome;
    tell(finished);
    if (options_.fail_fast && outcome != judge::Outcome::passed && outcome != judge::Outcome::skipped) {
      state.queue.clear();
    }
  }
}

Task<> Runner::choose_accelerator(State &state, vm::GuestSpec spec) {
  while (!state.accelerator && state.probing && !state.cancellation.cancelled()) {
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await state.accelerator_known->async_wait(token);
  }
  if (state.accelerator || state.cancellation.cancelled()) co_return;
  state.probing = true;
  std::function<void(const std::string &)> say = [this](const std::string &text) { tell(report::Notice{text}); };
  state.accelerator = vm::Accelerator::tcg;
  if (options_.hypervisor.allow_kvm) {
    state.accelerator.reset();
    auto cache = state.cache;
    state.accelerator =
        co_await vm::choose_accelerator(*state.hypervisor, std::move(spec), std::move(cache), std::move(say));
  }
  state.accelerator_known->cancel();
}

Task<> Runner::choose_clock(State &state, const plan::Case &test_case, vm::GuestSpec &spec) {
  spec.accelerator = vm::Accelerator::tcg;
  spec.clock = vm::Clock::virtual_;
  if (test_case.time == "virtual") co_return;  // only an emulated CPU can have it
  vm::GuestSpec probed = spec;
  probed.channel = vm::ChannelKind::virtio;
  probed.clock = vm::Clock::real;
  co_await choose_accelerator(state, std::move(probed));
  if (state.cancellation.cancelled()) co_return;
  spec.accelerator = *state.accelerator;
  const bool real =
      test_case.time == "real" || spec.accelerator == vm::Accelerator::kvm || spec.channel != vm::ChannelKind::memory;
  if (real) spec.clock = vm::Clock::real;
}

Task<report::CaseFinished> Runner::run_one(State &state, std::shared_ptr<const plan::Case> test_case, int number,
                                           Berth &berth) {
  if (test_case->skip) {
    judge::Evidence none;
    none.summary = *test_case->skip;
    auto skipped = finished_without_guest(test_case, judge::Outcome::skipped, none);
    skipped.verdict.evidence.clear();
    skipped.verdict.skip_reason = *test_case->skip;
    co_return skipped;
  }
  const auto began = Clock::now();
  CaseRunner::Progress progress = [this, test_case](const std::string &what) {
    tell(report::CaseProgress{test_case, what});
  };
  std::optional<report::CaseFinished> failed;
  bool preparing = true;
  try {
    progress("preparing");
    std::function<Prepared()> prepare = [&state, test_case] { return state.prepare(*test_case); };
    Prepared prepared = co_await base::offload<Prepared>(state.pool, std::move(prepare));
    preparing = false;
    const report::Seconds build = Clock::now() - began;
    if (state.cancellation.cancelled()) throw base::Interrupted();
    co_await choose_clock(state, *test_case, prepared.spec);
    if (state.cancellation.cancelled()) throw base::Interrupted();
    CaseRunner runner(*state.hypervisor, options_.limits, state.cancellation, berth);
    std::string guest_name = fmt::format("w{}-{}", number, ++state.guests);
    std::string build_log = prepared.build_log;
    report::CaseFinished finished =
        co_await runner.run(test_case, std::move(prepared), std::move(guest_name), std::move(progress));
    finished.timings.build = build;
    finished.build_log = std::move(build_log);
    finished.took += build;
    co_return finished;
  } catch (const kernel::BuildError &error) {
    judge::Evidence evidence;
    evidence.summary = error.what();
    evidence.details = lines_of(error.output());
    evidence.hint = error.hint();
    failed = finished_without_guest(test_case, judge::Outcome::failed, std::move(evidence));
    failed->build_log = error.output();
  } catch (const base::Interrupted &) {
    throw;
  } catch (const base::UsageError &error) {
    judge::Evidence evidence;
    evidence.summary = error.what();
    evidence.hint = error.hint();
    failed = finished_without_guest(test_case, judge::Outcome::failed, std::move(evidence));
  } catch (const base::Error &error) {
    // No kernel, no network, a full disk: the next case would fail alike. A guest that does not start may be this
    // one's.
    if (preparing && error.blame() == base::Blame::infrastructure) throw;
    judge::Evidence evidence;
    evidence.summary = error.what();
    evidence.hint = error.hint();
    failed = finished_without_guest(test_case, judge::Outcome::errored, std::move(evidence));
  }
  failed->took = Clock::now() - began;
  co_return std::move(*failed);
}

}  // namespace kmodtest::run
