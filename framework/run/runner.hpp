// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "report/event.hpp"
#include "run/case_runner.hpp"
#include "run/prepare.hpp"
#include "vm/guest.hpp"

namespace kmodtest::run {

struct RunOptions {
  int workers = 0;  ///< 0: as many as the machine has cores
  bool fail_fast = false;
  KernelChoice kernel;
  Limits limits;
  vm::HypervisorOptions hypervisor;
  bool snapshots = true;            ///< false: each case boots its guest
  std::filesystem::path artifacts;  ///< empty: none; the listener writes them, the runner only names the folders
};

/// What a run came to.
struct RunResult {
  std::vector<std::size_t> by_outcome;  ///< indexed by judge::Outcome
  std::size_t not_run = 0;
  bool interrupted = false;
};

/// Exit codes of the process, documented in the README.
enum class ExitCode : int {
  all_passed = 0,
  some_did_not_pass = 1,
  usage = 2,
  infrastructure = 3,
  nothing_selected = 4,
  interrupted = 130,
};

/// 1 as soon as a case was judged and did not pass; 3 where cases could not be judged and none failed.
ExitCode exit_code(const RunResult &result);

/// Opens a hypervisor on an io_context; a fake in tests.
using OpenHypervisor = std::function<std::unique_ptr<vm::Hypervisor>(base::asio::io_context &)>;
/// Prepares a case; blocks, may be called from several threads. A fake in tests.
using Prepare = std::function<Prepared(const plan::Case &)>;

/// Runs the cases on a number of workers and tells the listeners. SIGINT, SIGTERM and SIGHUP end the run: guests are
/// stopped, reports are completed with what is known; a second one ends the process at once (the guests end with it).
/// Throws base::Error for what makes the whole run impossible.
class Runner {
 public:
  Runner(RunOptions options, std::vector<report::Listener *> listeners);
  RunResult run(std::vector<std::shared_ptr<const plan::Case>> cases);
  RunResult run(std::vector<std::shared_ptr<const plan::Case>> cases, OpenHypervisor open, Prepare prepare,
                std::filesystem::path cache);

 private:
  struct State;
  void tell(const report::Event &event);
  base::Task<> tick(State &state);
  base::Task<> worker(State &state, int number);
  base::Task<> run_cases(State &state, int number, Berth &berth);
  base::Task<report::CaseFinished> run_one(State &state, std::shared_ptr<const plan::Case> test_case, int number,
                                           Berth &berth);
  base::Task<> choose_clock(State &state, const plan::Case &test_case, vm::GuestSpec &spec);
  base::Task<> choose_accelerator(State &state, vm::GuestSpec spec);

  RunOptions options_;
  std::vector<report::Listener *> listeners_;
};

}  // namespace kmodtest::run
