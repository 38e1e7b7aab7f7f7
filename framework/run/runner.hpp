// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "outcome/event.hpp"
#include "plan/plan.hpp"
#include "run/case/case_runner.hpp"
#include "run/exit_code.hpp"
#include "run/guests/guest_pool.hpp"
#include "run/interactive/debugger.hpp"
#include "run/prepare/prepare.hpp"
#include "run/select/history.hpp"
#include "run/select/schedule.hpp"
#include "vm/guest.hpp"

namespace kmodtest::run {

struct RunOptions {
  int workers = 0;                            ///< 0: as many as the machine has cores and memory for
  bool fail_fast = false;                     ///< start no further case after one that did not pass
  bool flaky_fails = false;                   ///< a flaky case is one that did not pass
  int repeats = 1;                            ///< how often each case runs
  int retries = 0;                            ///< how often a case that did not pass is run again
  std::optional<std::uint64_t> shuffle_seed;  ///< run in the order that it gives, and no other
  bool as_given = false;                      ///< run in the order of the cases, and no other
  std::shared_ptr<History> history;           ///< may be null
  bool learn = true;                          ///< write into the history how long the cases took
  std::vector<std::string> notices;           ///< told when the run starts
  KernelChoice kernel;
  Limits limits;
  vm::HypervisorOptions hypervisor;
  bool trace = false;                      ///< trace the scheduler in every case, not only where a plan asks for it
  bool snapshots = true;                   ///< false: each case boots its guest
  bool vmcore = false;                     ///< keep the memory of guests that crashed or hang in the cases' folders
  std::optional<Debugger::Mode> debugger;  ///< let one into the guest before the first step; for one case
  bool pause_on_failure = false;           ///< keep the guest of the first case that does not pass until a signal comes
  std::filesystem::path artifacts;         ///< empty: none; the listener writes them, the runner only names the folders
  bool artifacts_of_failures = false;      ///< only cases that did not go well get one
};

/// Prepares a case; blocks, may be called from several threads. A fake in tests.
using Prepare = std::function<Prepared(const plan::Case &)>;

/// Runs the cases on a number of workers and tells the listeners. SIGINT, SIGTERM and SIGHUP end the run: guests are
/// stopped, reports are completed with what is known; a second one ends the process at once (the guests end with it).
/// Throws base::Error for what makes the whole run impossible.
class Runner {
 public:
  Runner(RunOptions options, std::vector<outcome::Listener *> listeners);
  RunResult run(const std::vector<std::shared_ptr<const plan::Case>> &cases);
  RunResult run(const std::vector<std::shared_ptr<const plan::Case>> &cases, const OpenHypervisor &open,
                Prepare prepare, std::filesystem::path cache);
  /// With what outlives the run; its guests stay if the pool keeps them.
  RunResult run(const std::vector<std::shared_ptr<const plan::Case>> &cases, GuestPool &pool, Prepare prepare);
  /// Ends the present run as a signal would; for those who are called on the pool's loop. The result says so.
  void cancel();

 private:
  struct State;
  struct Worker;
  void tell(const outcome::Event &event);
  int workers_for(const std::vector<std::shared_ptr<const plan::Case>> &cases) const;
  std::vector<Entry> entries_of(const std::vector<std::shared_ptr<const plan::Case>> &cases) const;
  void name_folders(State &state, const std::vector<Entry> &entries) const;
  void watch_signals(State &state);
  void wait_for_signal(State &state);
  void spawn(State &state, base::Task<> task, std::function<void()> at_end);
  outcome::RunFinished finish(State &state, std::size_t runs);
  base::Task<> tick(State &state);
  base::Task<> worker(State &state, int number);
  base::Task<outcome::CaseFinished> run_until_passed(State &state, const Entry &entry, Worker &worker);
  /// One attempt.
  base::Task<outcome::CaseFinished> run_one(State &state, const Entry &entry, int attempt, Worker &worker);
  base::Task<> run_cases(State &state, Worker &worker);
  base::Task<> give_back_slot(State &state, Worker &worker);
  /// Keeps the guest of a case that did not pass until a signal comes; no worker begins another case.
  base::Task<> keep_guest(State &state, Worker &own, const outcome::CaseFinished &finished);
  /// Threads of the host that a case's guest keeps busy.
  static int cores_of(const State &state, const plan::Case &test_case);
  /// Fetches and builds what the cases need while the first of them run. Any thread but the loop's.
  static void prepare_ahead(State &state, const std::vector<std::shared_ptr<const plan::Case>> &cases);
  void count(State &state, const outcome::CaseFinished &finished);

  RunOptions options_;
  std::vector<outcome::Listener *> listeners_;
  State *running_ = nullptr;
};

}  // namespace kmodtest::run
