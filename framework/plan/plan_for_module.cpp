// SPDX-License-Identifier: GPL-2.0-or-later
#include <chrono>
#include <fmt/format.h>
#include <string>
#include <system_error>
#include <utility>

#include "base/error.hpp"
#include "plan/expand.hpp"
#include "plan/matrix.hpp"
#include "plan/module_lookup.hpp"
#include "plan/plan.hpp"
#include "plan/steps/repeat.hpp"
#include "plan/steps/step_input.hpp"

namespace kmodtest::plan {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

Step made_up(const std::string &key, const std::string &label, wire::StepBody body, wire::Microseconds within) {
  Step step;
  step.key = key;
  step.source = "(made up for a run without a plan)";
  step.guest = wire::Step{.body = std::move(body), .within = within, .label = label};
  return step;
}

}  // namespace

Plan plan_for_module(const std::vector<fs::path> &modules, const Overrides &overrides) {
  if (modules.empty())
    throw base::UsageError(base::Code::missing_argument, "there is no module to run",
                           "name a .ko or a module's folder");
  Case made;
  wire::Load load;
  wire::Unload unload{.modules = {}, .added = true};
  for (const fs::path &path : modules) {
    std::error_code error;
    if (!fs::exists(path, error))
      throw base::UsageError(base::Code::no_such_module, fmt::format("there is no module {}", quote(path.string())),
                             "name a .ko or a module's folder");
    Value<ModuleSource> module = module_at(path);
    if (!module.value) throw base::UsageError(module.code, module.error, "name a .ko or a module's folder");
    for (const ModuleSource &other : made.modules)
      if (other.name == module.value->name)
        throw base::UsageError(base::Code::same_module_name, fmt::format("two modules have the name '{}'", other.name),
                               "the kernel accepts each name only once");
    load.modules.push_back(module_to_load(module.value->name));
    unload.modules.insert(unload.modules.begin(), module.value->name);
    made.modules.push_back(std::move(*module.value));
  }
  const ModuleSource &last = made.modules.back();
  Plan plan;
  plan.name = last.kind == ModuleSource::Kind::file
                  ? module_file_stem(fs::path(modules.back()).filename().string()).value_or(last.name)
                  : last.path.filename().string();
  std::string names;
  for (const ModuleSource &module : made.modules) names += " " + module.name;
  made.plan_name = plan.name;
  made.steps.push_back(made_up("load", cut("load" + names, 60), load, kActionWithin));
  made.steps.push_back(made_up("sleep", "sleep 1s", wire::Sleep{1s}, 1s + kActionWithin));
  made.steps.push_back(made_up("unload", cut("unload" + names, 60), unload, kActionWithin));
  const std::uint32_t cycles = overrides.load_cycles.value_or(kRoundsWithoutPlan);
  if (cycles > 1) {
    const std::string label = fmt::format("repeat {}", cycles);
    wire::Repeat repeat = repeat_of(load.modules, cycles, kRepeatHold);
    repeat.added = !overrides.load_cycles;
    made.steps.push_back(made_up("repeat", label, repeat, kActionWithin));
  }
  made.timeout = 60s;
  for (const Step &step : made.steps) made.timeout += time_for(*step.guest);
  made.time = overrides.time;
  made.seed = overrides.seed;
  if (overrides.memory_mib) made.guest.memory_mib = *overrides.memory_mib;

  std::vector<CpuLayout> layouts = overrides.topologies;
  for (const int cpus : overrides.cpus) layouts.push_back({.cpus = cpus});
  if (layouts.empty()) layouts.push_back({});
  const std::vector<std::string> kernels = overrides.kernels.empty() ? std::vector<std::string>{""} : overrides.kernels;
  for (const std::string &kernel : kernels) {
    for (const CpuLayout &layout : layouts) {
      if (layout.cpus < 1 || layout.cpus > kMostCpus)
        throw base::UsageError(base::Code::bad_option_value,
                               fmt::format("a guest has from 1 to {} CPUs, not {}", kMostCpus, layout.cpus),
                               "give --cpus a number such as 4");
      Case next = made;
      next.guest.cpus = layout.cpus;
      next.guest.sockets = layout.sockets;
      next.guest.cores = layout.cores;
      next.guest.threads = layout.threads;
      next.kernel = kernel;
      auto point = guest_point(layout, {});
      if (!kernel.empty()) point.emplace_back("kernel", kernel);
      next.id = fmt::format("{} [{}]", plan.name, point_text(point));
      next.point = {point.begin(), point.end()};
      plan.cases.push_back(std::move(next));
    }
  }
  return plan;
}

}  // namespace kmodtest::plan
