// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstddef>
#include <fmt/core.h>
#include <memory>

#include "cli/command.hpp"
#include "run/exit_code.hpp"
#include "run/select/collect.hpp"

namespace kmodtest::cli {

std::function<int()> add_lint(CLI::App &app) {
  auto plans = std::make_shared<PlanOptions>();
  plans->add_to(app);
  return [plans] {
    const auto collected = run::collect_plans(plans->inputs, plans->overrides());
    if (print_diagnostics(collected)) return static_cast<int>(run::ExitCode::usage);
    std::size_t cases = 0;
    for (const auto &plan : collected.plans) cases += plan.cases.size();
    fmt::print("{} {} with {} {} read, no errors\n", collected.plans.size(),
               collected.plans.size() == 1 ? "plan" : "plans", cases, cases == 1 ? "case" : "cases");
    return 0;
  };
}

}  // namespace kmodtest::cli
