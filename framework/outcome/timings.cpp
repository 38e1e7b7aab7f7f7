// SPDX-License-Identifier: GPL-2.0-or-later
#include "outcome/timings.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace kmodtest::outcome {

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

const std::vector<Phase> &phases() {
  static const std::vector<Phase> phases = {
      {"build", &Timings::build}, {"start", &Timings::start}, {"boot", &Timings::boot}, {"restore", &Timings::restore},
      {"push", &Timings::push},   {"steps", &Timings::steps}, {"stop", &Timings::stop}};
  return phases;
}

std::string render_timings(const Timings &timings) {
  std::string text;
  for (const Phase &phase : phases()) {
    text += fmt::format("{}{} {:.3f} s", text.empty() ? "" : ", ", phase.name, (timings.*phase.field).count());
    if (phase.field == &Timings::steps) text += fmt::format(" ({:.3f} s in the guest)", timings.guest.count());
  }
  return text;
}

}  // namespace kmodtest::outcome
