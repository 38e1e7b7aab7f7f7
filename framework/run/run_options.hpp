// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "run/case/limits.hpp"
#include "run/coverage/coverage_meter.hpp"
#include "run/interactive/debugger.hpp"
#include "run/prepare/prepare.hpp"
#include "run/select/history.hpp"
#include "vm/guest.hpp"

namespace kmodtest::run {

struct RunOptions {
  int workers = 0;                            ///< 0: as many as the machine has cores and memory for
  bool fail_fast = false;                     ///< start no further case after one that did not pass
  bool flaky_fails = false;                   ///< a flaky case counts as not passed
  int repeats = 1;                            ///< how often each case runs
  int retries = 0;                            ///< how often a case that did not pass is run again
  std::optional<std::uint64_t> shuffle_seed;  ///< run in the order of this seed, and no other
  bool as_given = false;                      ///< run in the order of the cases, and no other
  std::shared_ptr<History> history;           ///< may be null
  bool learn = true;                          ///< write into the history how long the cases took
  std::vector<std::string> notices;           ///< shown when the run starts
  KernelChoice kernel;
  Limits limits;
  vm::HypervisorOptions hypervisor;
  bool trace = false;                       ///< trace the scheduler in every case, not only if a plan asks for it
  std::shared_ptr<CoverageMeter> coverage;  ///< measures which lines the cases execute; null: that is not measured
  bool snapshots = true;                    ///< false: each case boots its guest
  bool vmcore = false;                      ///< keep the memory of guests that crashed or hang in the cases' folders
  std::optional<Debugger::Mode> debugger;   ///< connect one to the guest before the first step; for one case
  bool pause_on_failure = false;       ///< keep the guest of the first case that does not pass until a signal comes
  std::filesystem::path artifacts;     ///< empty: none; the listener writes them, the runner only names the folders
  bool artifacts_of_failures = false;  ///< only cases that did not pass get one
};

/// Prepares a case; blocks; several threads can call it. A fake in tests.
using Prepare = std::function<Prepared(const plan::Case &)>;

}  // namespace kmodtest::run
