// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include "judge/steps/reading.hpp"
#include "shared/condition.hpp"

namespace kmodtest::judge {

Reading read(const StepView &view, const wire::Sleep &sleep) {
  if (view.started == nullptr || view.ended == nullptr) return reading_unknown("its start was not reported");
  // The agent's clock is read before the start is reported, so a short time is always a defect.
  const auto took = view.ended->time - view.started->time;
  if (took >= sleep.duration) return reading_held();
  return reading_broken(
      fmt::format("it took {} instead of {}", shared::format_duration(took), shared::format_duration(sleep.duration)));
}

}  // namespace kmodtest::judge
