// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/runner.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fmt/core.h>
#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/task.hpp"
#include "judge/observations.hpp"
#include "outcome/folder_name.hpp"
#include "outcome/result.hpp"
#include "run/guests/machine_choice.hpp"
#include "run/run_state.hpp"
#include "storage/cache_folder.hpp"
#include "storage/free_name.hpp"
#include "text/words.hpp"

namespace kmodtest::run {

using base::Task;
namespace asio = base::asio;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t kOutcomes = static_cast<std::size_t>(judge::Outcome::skipped) + 1;

bool went_well(const outcome::CaseFinished &finished) {
  const judge::Outcome outcome = finished.verdict.outcome;
  return outcome == judge::Outcome::passed || outcome == judge::Outcome::skipped;
}

using outcome::had_a_guest;

/// Returns whether another attempt makes sense: a module that does not build or fit fails again.
bool may_pass_next_time(const outcome::CaseFinished &finished) {
  if (went_well(finished)) return false;
  return had_a_guest(finished) || finished.verdict.outcome == judge::Outcome::errored;
}

}  // namespace

Runner::Runner(RunOptions options, std::vector<outcome::Listener *> listeners)
    : options_(std::move(options)), listeners_(std::move(listeners)) {}

void Runner::tell(const outcome::Event &event) {
  for (auto *listener : listeners_) listener->on(event);
}

RunResult Runner::run(const std::vector<std::shared_ptr<const plan::Case>> &cases) {
  const auto cache = storage::cache_folder();
  auto hypervisor_options = options_.hypervisor;
  hypervisor_options.cache = cache;
  OpenHypervisor open = [&](asio::io_context &io) { return vm::open_hypervisor(io, hypervisor_options); };
  GuestPool pool({.cache = cache, .snapshots = options_.snapshots, .allow_kvm = hypervisor_options.allow_kvm},
                 std::move(open));
  Preparer preparer(options_.kernel, cache, pool);
  preparer.check_kernels(cases);
  preparer.expect(cases);
  return run(cases, pool, [&preparer](const plan::Case &test_case) { return preparer.prepare(test_case); });
}

RunResult Runner::run(const std::vector<std::shared_ptr<const plan::Case>> &cases, const OpenHypervisor &open,
                      Prepare prepare, std::filesystem::path cache) {
  GuestPool pool(
      {.cache = std::move(cache), .snapshots = options_.snapshots, .allow_kvm = options_.hypervisor.allow_kvm}, open);
  return run(cases, pool, std::move(prepare));
}

void Runner::cancel() {
  if (running_ == nullptr) return;
  running_->result.cancelled = true;
  running_->end();
}

int Runner::workers_for(const std::vector<std::shared_ptr<const plan::Case>> &cases) const {
  int workers = options_.workers;
  if (workers <= 0) {
    Budget budget;
    budget.cores = cores_of_this_machine();
    budget.available_mib = available_mib();
    for (const auto &test_case : cases) budget.guest_mib = std::max(budget.guest_mib, test_case->guest.memory_mib);
    workers = default_workers(budget);
  }
  const std::size_t runs = cases.size() * static_cast<std::size_t>(options_.repeats);
  return static_cast<int>(std::clamp<std::size_t>(runs, 1, static_cast<std::size_t>(workers)));
}

std::vector<Entry> Runner::entries_of(const std::vector<std::shared_ptr<const plan::Case>> &cases) const {
  std::vector<Entry> entries;
  for (const auto &test_case : cases) {
    for (int repeat = 1; repeat <= options_.repeats; ++repeat) {
      Entry entry{.test_case = test_case, .group = guest_group(*test_case), .number = entries.size(), .repeat = repeat};
      if (options_.history) entry.expected = options_.history->expected(*test_case);
      if (test_case->skip) entry.expected = outcome::Seconds(0);
      entries.push_back(std::move(entry));
    }
  }
  if (!options_.shuffle_seed) return entries;
  std::vector<Entry> in_order;
  for (const std::size_t index : shuffled(entries.size(), *options_.shuffle_seed)) in_order.push_back(entries[index]);
  return in_order;
}

void Runner::name_folders(State &state, const std::vector<Entry> &entries) const {
  if (options_.artifacts.empty()) return;
  state.folders.resize(entries.size());
  std::vector<const Entry *> by_number(entries.size());
  for (const Entry &entry : entries) by_number[entry.number] = &entry;
  std::set<std::string> taken;
  for (const Entry *entry : by_number) {
    std::string wanted = outcome::folder_name(*entry->test_case);
    if (options_.repeats > 1) wanted += fmt::format("_repeat={}", entry->repeat);
    state.folders[entry->number] =
        storage::free_name(wanted, [&taken](const std::string &name) { return taken.insert(name).second; });
  }
}

void Runner::watch_signals(State &state) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) state.signals.add(number);
  wait_for_signal(state);
}

void Runner::wait_for_signal(State &state) {
  *state.listening = true;
  state.signals.async_wait([this, &state, listening = state.listening](boost::system::error_code error, int number) {
    *listening = false;
    if (error) return;
    if (number == SIGINT && state.debugger && state.debugger->has_terminal()) {  // the key was meant for gdb
      if (state.active_workers > 0) wait_for_signal(state);
      return;
    }
    if (state.kept_guest.is_keeping()) {  // all cases have ended, and only a guest was kept
      state.kept_guest.let_go();
      wait_for_signal(state);
      return;
    }
    state.result.interrupted = true;
    state.end();
    // From the second signal on there is no waiting: guests end with this process, and the next run removes their
    // folders.
    state.signals.async_wait([over = state.over](boost::system::error_code again, int second) {
      if (!again && !*over) std::quick_exit(128 + second);  // a console leaves the terminal as it was
    });
    tell(outcome::Notice{"interrupted: ending the running cases; a second signal ends everything at once"});
  });
}

void Runner::spawn(State &state, Task<> task, std::function<void()> at_end) {
  asio::co_spawn(state.io, std::move(task), [&state, at_end = std::move(at_end)](const std::exception_ptr &thrown) {
    if (thrown) state.fail(thrown);
    at_end();
  });
}

RunResult Runner::run(const std::vector<std::shared_ptr<const plan::Case>> &cases, GuestPool &pool, Prepare prepare) {
  const auto began = Clock::now();
  if (options_.coverage && !pool.hypervisor().emulator_help().memory_apart)
    throw base::Error(base::Code::no_coverage,
                      "this QEMU cannot measure coverage: " + pool.hypervisor().why_memory_is_not_apart(),
                      "install QEMU 10.0, built with plugins (Debian's is)");
  const int workers = workers_for(cases);
  std::vector<Entry> entries = entries_of(cases);
  const std::size_t runs = entries.size();
  const bool as_given = options_.as_given || options_.shuffle_seed;
  const auto order = as_given ? Schedule::Order::as_given : Schedule::Order::longest_first;
  // An explicit -j overrides the core limit.
  const int cores_shared = options_.workers > 0 ? 0 : cores_of_this_machine();
  const GuestPool::Listening listening(pool, [this](const std::string &text) { tell(outcome::Notice{text}); });
  State state(pool, std::move(prepare), workers, cores_shared, Schedule(entries, workers, order));
  state.result.by_outcome.assign(kOutcomes, 0);
  if (options_.debugger) {
    state.debugger.emplace(*options_.debugger, pool.options().cache, pool);
  }
  name_folders(state, entries);
  watch_signals(state);

  tell(outcome::RunStarted{.cases = cases.size(),
                           .workers = workers,
                           .hypervisor = pool.hypervisor().describe(),
                           .repeats = options_.repeats,
                           .shuffle_seed = options_.shuffle_seed});
  for (const std::string &notice : options_.notices) tell(outcome::Notice{notice});
  running_ = &state;
  state.active_workers = workers;
  for (int number = 0; number < workers; ++number) {
    spawn(state, worker(state, number), [&state] {
      if (--state.active_workers > 0) return;
      state.ending = true;
      *state.over = true;
      state.signals.cancel();
      state.ticker.cancel();
    });
  }
  asio::post(state.ahead, [&state, cases] { prepare_ahead(state, cases); });
  state.ticking = true;
  spawn(state, tick(state), [&state] { state.ticking = false; });
  // Everything that refers to the state must end here, because the loop can outlive this run.
  const auto over = [&state] { return state.active_workers == 0 && !state.ticking && !*state.listening; };
  while (!over()) {
    try {
      base::run_until(state.io, over);
    } catch (...) {  // a listener could not write: end the run, but let the workers stop their guests first
      state.fail(std::current_exception());
    }
  }
  running_ = nullptr;
  state.threads.join();
  state.ahead.join();
  if (!pool.options().keep) pool.finish(pool.clear());

  if (options_.history && options_.learn) options_.history->save();  // losing the history is harmless
  outcome::RunFinished finished = finish(state, runs);
  finished.took = Clock::now() - began;
  tell(finished);
  if (state.problem) {
    try {
      std::rethrow_exception(state.problem);
    } catch (const base::Interrupted &) {
    }
  }
  return state.result;
}

outcome::RunFinished Runner::finish(State &state, std::size_t runs) {
  state.result.not_run = runs - state.finished;
  outcome::RunFinished finished;
  finished.interrupted = state.result.interrupted || state.result.cancelled || state.problem != nullptr;
  finished.by_outcome = state.result.by_outcome;
  finished.not_run = state.result.not_run;
  finished.flaky = state.result.flaky;
  return finished;
}

Task<> Runner::tick(State &state) {
  boost::system::error_code error;
  while (state.active_workers > 0) {
    state.ticker.expires_after(std::chrono::seconds(1));
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await state.ticker.async_wait(token);
    if (!error) tell(outcome::Tick{});
  }
}

Task<> Runner::worker(State &state, int number) {
  Worker own{.number = number};
  Task<> cases = run_cases(state, own);
  Task<> cleanup = give_back_slot(state, own);
  co_await base::finally(std::move(cases), std::move(cleanup));
}

Task<> Runner::give_back_slot(State &state, Worker &own) {
  co_await state.pool.release(own.slot);
}

Task<> Runner::run_cases(State &state, Worker &own) {
  while (!state.cancellation.cancelled()) {
    const std::optional<Entry> entry = state.schedule.next(own.group);
    if (!entry) break;
    own.group = entry->group;
    const int cores = cores_of(state, *entry->test_case);
    co_await state.cores.acquire(cores);
    if (state.cancellation.cancelled()) break;
    tell(outcome::CaseStarted{entry->test_case, entry->repeat});
    Task<outcome::CaseFinished> task = run_until_passed(state, *entry, own);
    const outcome::CaseFinished finished = co_await std::move(task);
    state.cores.release(cores);
    count(state, finished);
    tell(finished);
    const bool passed = went_well(finished) && !(options_.flaky_fails && finished.flaky());
    if (const std::size_t left = state.schedule.left(); options_.fail_fast && !passed && left > 0) {
      state.schedule.drop_rest();
      tell(outcome::Notice{fmt::format("{} will not be run (--fail-fast)", text::counted(left, "case"))});
    }
    if (options_.pause_on_failure && !passed && had_a_guest(finished)) {
      state.schedule.drop_rest();
      co_await state.kept_guest.keep(*own.slot, finished, state.debugger.has_value());
    }
  }
}

int Runner::cores_of(const State &state, const plan::Case &test_case) {
  const vm::Accelerator accelerator = state.pool.accelerator().value_or(vm::Accelerator::tcg);
  const vm::Clock clock = clock_for(test_case, channel_of(test_case.guest), accelerator);
  return clock == vm::Clock::real && !test_case.skip ? test_case.guest.cpus : 1;
}

void Runner::prepare_ahead(State &state, const std::vector<std::shared_ptr<const plan::Case>> &cases) {
  std::set<std::vector<std::string>> known;
  for (const auto &test_case : cases) {
    if (state.ending) return;
    if (test_case->skip) continue;
    // Expensive preparations (fetching, building) are equal for all points of a plan's matrix.
    std::vector<std::string> expensive = {test_case->kernel};
    for (const auto &module : test_case->modules) expensive.push_back(module.path.string() + '\n' + module.name);
    if (!known.insert(std::move(expensive)).second) continue;
    try {
      state.prepare(*test_case);
    } catch (...) {
      // The error is kept, and thrown again for the case itself.
    }
  }
}

void Runner::count(State &state, const outcome::CaseFinished &finished) {
  ++state.finished;
  if (finished.flaky()) {
    ++state.result.flaky;
  } else {
    ++state.result.by_outcome[static_cast<std::size_t>(finished.verdict.outcome)];
  }
}

Task<outcome::CaseFinished> Runner::run_until_passed(State &state, const Entry &entry, Worker &worker) {
  const int attempts = options_.retries + 1;
  std::vector<outcome::CaseFinished> earlier;
  for (int attempt = 1;; ++attempt) {
    Task<outcome::CaseFinished> task = run_one(state, entry, attempt, worker);
    outcome::CaseFinished finished = co_await std::move(task);
    finished.number = entry.number;
    finished.repeat = entry.repeat;
    finished.attempt = attempt;
    if (const CaseRecord *past = options_.history ? options_.history->find(*entry.test_case) : nullptr) {
      finished.past = {.seconds = past->seconds, .outcomes = past->outcomes};
    }
    if (options_.history && had_a_guest(finished)) {
      options_.history->add(*entry.test_case, finished.took - finished.timings.build, finished.verdict.outcome);
    }
    const bool again = attempt < attempts && may_pass_next_time(finished) && !state.cancellation.cancelled();
    const bool kept = !options_.artifacts_of_failures || !outcome::went_well(outcome::result_of(finished));
    const std::string suffix = again ? fmt::format("_attempt={}", attempt) : "";
    std::filesystem::path folder;
    if (!state.folders.empty()) folder = options_.artifacts / (state.folders[entry.number] + suffix);
    if (kept) finished.artifacts = folder;
    if (!again) {
      // Guests that are booted for each case need not be reproducible.
      if (options_.repeats > 1 && options_.snapshots) state.repeatability.compare(finished, folder);
      finished.earlier = std::move(earlier);
      co_return finished;
    }
    tell(outcome::CaseRetried{finished, attempts});
    earlier.push_back(std::move(finished));
  }
}

}  // namespace kmodtest::run
