// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "base/asio.hpp"
#include "outcome/event.hpp"
#include "run/exit_code.hpp"
#include "run/guests/guest_pool.hpp"
#include "run/run_options.hpp"
#include "run/select/schedule.hpp"

namespace kmodtest::run {

struct RunState;
struct Worker;

/// Runs the cases on a number of workers and notifies the listeners. SIGINT, SIGTERM and SIGHUP end the run: guests are
/// stopped, and reports are completed with what is known. A second signal ends the process at once (the guests end with
/// it). Throws base::Error for problems that make the whole run impossible.
class Runner {
 public:
  Runner(RunOptions options, std::vector<outcome::Listener *> listeners);
  RunResult run(const std::vector<std::shared_ptr<const plan::Case>> &cases);
  RunResult run(const std::vector<std::shared_ptr<const plan::Case>> &cases, const OpenHypervisor &open,
                Prepare prepare, std::filesystem::path cache);
  /// Runs the cases with guests of `pool`, which outlives the run; the guests stay if the pool keeps them.
  RunResult run(const std::vector<std::shared_ptr<const plan::Case>> &cases, GuestPool &pool, Prepare prepare);
  /// Ends the present run as a signal would; for callers on the pool's loop. The result has `cancelled` set.
  void cancel();

 private:
  using State = RunState;
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
  /// Runs one attempt.
  base::Task<outcome::CaseFinished> run_one(State &state, const Entry &entry, int attempt, Worker &worker);
  base::Task<> run_cases(State &state, Worker &worker);
  base::Task<> give_back_slot(State &state, Worker &worker);
  /// Returns how many threads of the host a case's guest keeps busy.
  static int cores_of(const State &state, const plan::Case &test_case);
  /// Fetches and builds what the cases need while the first of them run. Called on any thread except for the loop's.
  static void prepare_ahead(State &state, const std::vector<std::shared_ptr<const plan::Case>> &cases);
  void count(State &state, const outcome::CaseFinished &finished);

  RunOptions options_;
  std::vector<outcome::Listener *> listeners_;
  State *running_ = nullptr;
};

}  // namespace kmodtest::run
