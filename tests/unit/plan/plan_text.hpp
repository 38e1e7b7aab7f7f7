// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "plan/plan.hpp"

namespace kmodtest::plan {

/// Parses a plan next to tests/data/plans/modules (alpha, beta, my-driver).
inline ParseResult parse(const std::string &text, const Overrides &overrides = {}) {
  return parse_plan_text(text, std::string(KMODTEST_TEST_DATA) + "/plans/p.yaml", overrides);
}

/// Returns the errors and warnings of a plan: "line:column: message" each, warnings with "warning: " in front.
inline std::vector<std::string> complaints(const std::string &text, const Overrides &overrides = {}) {
  std::vector<std::string> out;
  for (const Diagnostic &d : parse(text, overrides).diagnostics)
    out.push_back(fmt::format("{}{}:{}: {}", d.severity == Diagnostic::Severity::warning ? "warning: " : "",
                              d.where.line, d.where.column, d.message));
  return out;
}

/// Returns the plan, which must be valid.
inline Plan good(const std::string &text, const Overrides &overrides = {}) {
  ParseResult result = parse(text, overrides);
  for (const Diagnostic &d : result.diagnostics) ADD_FAILURE() << d.str();
  return result.plan.value_or(Plan{});
}

/// Returns a plan of one module with these steps ("- load\n- …").
inline std::string with_steps(const std::string &steps) {
  return "module: alpha\nsteps:\n" + steps;
}

}  // namespace kmodtest::plan
