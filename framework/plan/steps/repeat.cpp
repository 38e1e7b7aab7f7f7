// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/steps/repeat.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fmt/format.h>
#include <string>
#include <utility>
#include <vector>

#include "plan/steps/kinds.hpp"
#include "plan/steps/step_input.hpp"

namespace kmodtest::plan {
namespace {

const Table &repeat_table() {
  static const Table table{
      "repeat",
      {{.name = "times",
        .type = Type::integer,
        .description = "how often, 10 to 10000",
        .example = "100",
        .required = true},
       {"module", Type::texts, "all of the plan, in its order", "a module of the plan, or a list", "my_module"},
       {"params", Type::parameters, "none", "module parameters, as written; for the last module named", "{cpu: 3}"},
       {"for", Type::duration, "100ms", "how long the modules stay loaded in each round", "2s"},
       {"within", Type::duration, "120s", "the deadline for each load and each unload, in guest time", "30s"}}};
  return table;
}

}  // namespace

StepKind kind_of(const wire::Repeat &) {
  return {
      .name = "repeat",
      .summary = "Loads and unloads modules of the plan repeatedly, and watches whether memory grows with the rounds.",
      .action = true,
      .short_key = "times",
      .table = &repeat_table(),
      .example = "repeat: 100"};
}

wire::Repeat repeat_of(std::vector<wire::ModuleToLoad> modules, std::uint32_t times, wire::Microseconds hold_for) {
  constexpr std::uint32_t kCounts = 10;
  constexpr std::uint32_t kLongestWarmUp = 20;
  const std::uint32_t warm_up = std::clamp<std::uint32_t>(times / 10, 2, kLongestWarmUp);
  return {.modules = std::move(modules),
          .warm_up = warm_up,
          .times = times,
          .counts = std::min(times, kCounts),
          .hold_for = hold_for};
}

wire::Microseconds time_for(const wire::Step &step) {
  const auto *repeat = std::get_if<wire::Repeat>(&step.body);
  if (repeat == nullptr) return step.within + step.hold_for;
  return (repeat->warm_up + repeat->times) * (repeat->hold_for + 2 * step.within);
}

std::optional<std::string> read(wire::Repeat &repeat, StepInput &in) {
  std::vector<wire::ModuleToLoad> modules;
  for (const std::string &name : named_modules(in, names_of(in.modules))) {
    if (in.loaded.contains(name) && in.loaded.sure() && in.scope.modules_known)
      in.reader.error(Code::module_loaded_already, "module",
                      fmt::format("the module '{}' is loaded already (unload it first)", name));
    modules.push_back(module_to_load(name));
  }
  const auto params = in.reader.parameters("params");
  const auto times = in.reader.integer("times", kFewestRounds, kMostRounds);
  const auto hold = in.reader.duration("for");
  if (modules.empty() || !times) return std::nullopt;
  for (const auto &[name, value] : params) modules.back().params[name] = value;
  repeat = repeat_of(std::move(modules), static_cast<std::uint32_t>(*times), hold.value_or(kRepeatHold));
  return std::to_string(repeat.times);
}

}  // namespace kmodtest::plan
