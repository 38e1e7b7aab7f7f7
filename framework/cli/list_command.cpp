// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/core.h>
#include <memory>
#include <utility>

#include "cli/command.hpp"
#include "run/exit_code.hpp"
#include "run/select/collect.hpp"

namespace kmodtest::cli {

std::function<int()> add_list(CLI::App &app) {
  auto plans = std::make_shared<PlanOptions>();
  plans->add_to(app);
  return [plans] {
    auto collected = run::collect_plans(plans->inputs, plans->overrides());
    if (print_diagnostics(collected)) return static_cast<int>(run::ExitCode::usage);
    const auto cases = run::select_cases(std::move(collected.plans), {plans->ids, plans->patterns, plans->tags});
    for (const auto &test_case : cases) fmt::print("{}\n", test_case->id);
    return static_cast<int>(cases.empty() ? run::ExitCode::nothing_selected : run::ExitCode::all_passed);
  };
}

}  // namespace kmodtest::cli
