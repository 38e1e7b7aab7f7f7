// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/points.hpp"

#include <algorithm>

#include "judge/step_view.hpp"

namespace kmodtest::judge {
namespace {

/// Returns whether a step held: it was reached, and nothing in the verdict is about it.
bool held(const CaseView &view, std::size_t step, const Verdict &verdict) {
  if (verdict.outcome == Outcome::passed) return true;
  const bool blamed = std::any_of(verdict.evidence.begin(), verdict.evidence.end(),
                                  [step](const Evidence &one) { return one.step == step; });
  if (blamed) return false;
  if (!view.test_case.steps[step].guest) return view.program_started;
  const StepView seen(view, step);
  return seen.ended != nullptr && seen.ended->result == wire::StepResult::held;
}

}  // namespace

std::uint32_t points_of(const plan::Case &test_case, const Observations &seen, const Verdict &verdict) {
  const auto &steps = test_case.steps;
  if (verdict.outcome == Outcome::skipped ||
      std::none_of(steps.begin(), steps.end(), [](const plan::Step &step) { return step.points > 0; }))
    return 0;
  const CaseView view(test_case, seen);
  std::uint32_t points = 0;
  for (std::size_t i = 0; i < steps.size(); ++i)
    if (steps[i].points > 0 && held(view, i, verdict)) points += steps[i].points;
  return points;
}

}  // namespace kmodtest::judge
