// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/steps/kinds.hpp"
#include "plan/steps/step_input.hpp"

namespace kmodtest::plan {
namespace {

const Table &sleep_table() {
  static const Table table{"sleep",
                           {{.name = "duration",
                             .type = Type::duration,
                             .description = "how long, in guest time",
                             .example = "2s",
                             .required = true}}};
  return table;
}

}  // namespace

StepKind kind_of(const wire::Sleep &) {
  return {.name = "sleep",
          .summary = "Lets guest time pass.",
          .short_key = "duration",
          .table = &sleep_table(),
          .short_only = true,
          .example = "sleep: 2s"};
}

std::optional<std::string> read(wire::Sleep &sleep, StepInput &in) {
  const auto duration = in.reader.duration("duration");
  if (!duration) return std::nullopt;
  sleep.duration = *duration;
  in.guest.within = *duration + kActionWithin;
  return in.scope.fill(in.value).value_or("");
}

}  // namespace kmodtest::plan
