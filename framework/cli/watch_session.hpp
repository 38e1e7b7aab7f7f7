// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "cli/command.hpp"
#include "outcome/event.hpp"
#include "run/runner.hpp"

namespace kmodtest::cli {

using Cases = std::vector<std::shared_ptr<const plan::Case>>;
using Listeners = std::vector<std::unique_ptr<outcome::Listener>>;

/// Makes those who hear of a run of these cases; may change its options.
using MakeListeners = std::function<Listeners(run::RunOptions &, const Cases &)>;

/// Runs what the plans say, and again what a saved file touches, until a key or a signal ends it. `listeners` is called
/// for each run. Returns the exit code. Throws base::UsageError
/// for inputs that are none.
int watch(const PlanOptions &plans, const run::RunOptions &options, const MakeListeners &listeners);

}  // namespace kmodtest::cli
