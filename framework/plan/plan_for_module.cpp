// SPDX-License-Identifier: GPL-2.0-or-later
#include <chrono>
#include <fmt/format.h>
#include <string>
#include <system_error>
#include <utility>

#include "base/error.hpp"
#include "plan/expand.hpp"
#include "plan/guest_shape.hpp"
#include "plan/kernel_switches.hpp"
#include "plan/matrix.hpp"
#include "plan/module_input.hpp"
#include "plan/module_lookup.hpp"
#include "plan/plan.hpp"
#include "plan/steps/repeat.hpp"
#include "plan/steps/step_input.hpp"
#include "text/module_name.hpp"

namespace kmodtest::plan {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::size_t kLongestMadeUpLabel = 60;

Step made_up(const std::string &key, const std::string &label, wire::StepBody body, wire::Microseconds within) {
  Step step;
  step.key = key;
  step.source = "(made up for a run without a plan)";
  step.guest = wire::Step{.body = std::move(body), .within = within, .label = label};
  return step;
}

/// Returns what a run without a plan tests at a path: one .ko, all modules that a folder builds, or a collection.
Value<ModuleSource> modules_at(const fs::path &path) {
  const fs::path real = fs::weakly_canonical(path);
  if (module_file_stem(real.filename().string())) return module_at(path);
  ModuleSource source{
      .kind = ModuleSource::Kind::collection, .path = real, .name = real.filename().string(), .where = {}};
  source.all = true;
  const auto folder = build_folder_of(real);
  if (!folder && !is_collection(real)) return module_at(path);
  if (folder) {
    source.kind = ModuleSource::Kind::folder;
    source.path = *folder;
    if (*folder != real) source.build.tree = real;
  }
  return Value<ModuleSource>::of(std::move(source));
}

void fill_modules(wire::Step &step, const std::vector<ModuleSource> &modules) {
  std::vector<wire::ModuleToLoad> loaded;
  std::vector<std::string> unloaded;
  std::string names;
  for (const ModuleSource &module : modules) {
    loaded.push_back(module_to_load(module.name));
    unloaded.insert(unloaded.begin(), module.name);
    names += " " + module.name;
  }
  if (auto *load = std::get_if<wire::Load>(&step.body)) {
    load->modules = loaded;
    step.label = cut("load" + names, kLongestMadeUpLabel);
  } else if (auto *unload = std::get_if<wire::Unload>(&step.body)) {
    unload->modules = unloaded;
    step.label = cut("unload" + names, kLongestMadeUpLabel);
  } else if (auto *repeat = std::get_if<wire::Repeat>(&step.body)) {
    repeat->modules = loaded;
  }
}

}  // namespace

Case with_modules(Case test_case, std::vector<ModuleSource> modules) {
  test_case.timeout = 60s;
  for (Step &step : test_case.steps) {
    if (!step.guest) continue;
    fill_modules(*step.guest, modules);
    test_case.timeout += time_for(*step.guest);
  }
  test_case.modules = std::move(modules);
  return test_case;
}

Plan plan_for_module(const std::vector<fs::path> &modules, const Overrides &overrides) {
  if (modules.empty())
    throw base::UsageError(base::Code::missing_argument, "there is no module to run",
                           "name a .ko or a module's folder");
  Case made;
  for (const fs::path &path : modules) {
    std::error_code error;
    if (!fs::exists(path, error))
      throw base::UsageError(base::Code::no_such_module, fmt::format("there is no module {}", quote(path.string())),
                             "name a .ko or a module's folder");
    Value<ModuleSource> module = modules_at(path);
    if (!module.value) throw base::UsageError(module.code, module.error, "name a .ko or a module's folder");
    module.value->build.make = overrides.make;
    module.value->build.scripts = overrides.build_scripts;
    if (module.value->all) {
      for (const std::string &name : overrides.modules) module.value->picks.push_back(text::lsmod_name(name));
    }
    for (const ModuleSource &other : made.modules)
      if (other.name == module.value->name)
        throw base::UsageError(base::Code::same_module_name, fmt::format("two modules have the name '{}'", other.name),
                               "the kernel accepts each name only once");
    made.modules.push_back(std::move(*module.value));
  }
  const ModuleSource &last = made.modules.back();
  made.input = fs::weakly_canonical(modules.back());
  Plan plan;
  plan.name = last.kind == ModuleSource::Kind::file
                  ? module_file_stem(fs::path(modules.back()).filename().string()).value_or(last.name)
                  : made.input.filename().string();
  made.plan_name = plan.name;
  made.steps.push_back(made_up("load", "load", wire::Load{}, kActionWithin));
  made.steps.push_back(made_up("sleep", "sleep 1s", wire::Sleep{1s}, 1s + kActionWithin));
  made.steps.push_back(made_up("unload", "unload", wire::Unload{.modules = {}, .added = true}, kActionWithin));
  const std::uint32_t cycles = overrides.load_cycles.value_or(kRoundsWithoutPlan);
  if (cycles > 1) {
    const std::string label = fmt::format("repeat {}", cycles);
    wire::Repeat repeat = repeat_of({}, cycles, kRepeatHold);
    repeat.added = !overrides.load_cycles;
    made.steps.push_back(made_up("repeat", label, repeat, kActionWithin));
  }
  std::vector<ModuleSource> own = std::move(made.modules);
  made = with_modules(std::move(made), std::move(own));
  made.checks.memory = overrides.check_memory;
  made.checks.races = overrides.check_races;
  made.time = overrides.time;
  made.seed = overrides.seed;
  made.params = overrides.params;
  if (overrides.memory_mib) made.guest.memory_mib = *overrides.memory_mib;
  if (overrides.strict) add_words(strict_words(), made.guest);

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
