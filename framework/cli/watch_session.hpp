// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>

#include "cli/run_command.hpp"

namespace kmodtest::cli {

/// Makes the listeners for a run of these cases; may change the options of the run.
using MakeListeners = std::function<Listeners(run::RunOptions &, const Cases &)>;

/// Runs the plans, and runs cases again that a saved file affects, until a key or a signal ends it. Calls `listeners`
/// for each run. Returns the exit code. Throws base::UsageError for invalid inputs.
int watch(const PlanOptions &plans, const run::RunOptions &options, const MakeListeners &listeners);

}  // namespace kmodtest::cli
