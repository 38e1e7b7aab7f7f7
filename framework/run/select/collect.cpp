// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/select/collect.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <fnmatch.h>
#include <set>

#include "base/error.hpp"
#include "plan/expand.hpp"
#include "plan/fault.hpp"
#include "plan/matrix.hpp"
#include "plan/module_input.hpp"
#include "plan/parameter_setting.hpp"
#include "text/similar_name.hpp"
#include "text/words.hpp"

namespace kmodtest::run {

namespace fs = std::filesystem;

bool is_plan(const fs::path &file) {
  return file.extension() == ".yaml" || file.extension() == ".yml";
}

bool is_plan_in_folder(const fs::path &file) {
  return is_plan(file) && !file.filename().string().starts_with('.');
}

namespace {

std::vector<fs::path> plans_in(const fs::path &folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto &entry : fs::directory_iterator(folder, error)) {
    std::error_code ignored;  // a link that leads nowhere
    if (entry.is_regular_file(ignored) && is_plan_in_folder(entry.path())) found.push_back(entry.path());
  }
  if (error)
    throw base::UsageError(base::Code::cannot_read,
                           fmt::format("cannot read the folder {}: {}", folder.string(), error.message()),
                           "give your user permission to read it");
  std::sort(found.begin(), found.end());
  return found;
}

/// Returns the words of the command line that override this case's plan in the same way again.
std::vector<std::string> options_of(const plan::Case &test_case, const plan::Overrides &overrides) {
  std::vector<std::string> words;
  auto add = [&words](const char *option, std::string value) {
    words.emplace_back(option);
    words.push_back(std::move(value));
  };
  if (!overrides.cpus.empty()) add("--cpus", std::to_string(test_case.guest.cpus));
  if (!overrides.topologies.empty()) {
    const plan::GuestShape &guest = test_case.guest;
    add("--topology", fmt::format("{}x{}x{}", guest.sockets, guest.cores, guest.threads));
  }
  if (!overrides.kernels.empty()) add("--kernel", test_case.kernel);
  if (overrides.memory_mib) add("--memory", fmt::format("{}M", *overrides.memory_mib));
  if (overrides.time != plan::Time::automatic) add("--time", plan::time_name(overrides.time));
  if (overrides.seed != 0) add("--seed", std::to_string(overrides.seed));
  if (overrides.load_cycles && test_case.plan_file.empty()) {
    add("--load-cycles", std::to_string(*overrides.load_cycles));
  }
  for (const auto &root : overrides.module_roots) add("--modules", root.string());
  for (const auto &setting : overrides.make) add("--make", setting);
  if (test_case.plan_file.empty()) {
    for (const auto &name : overrides.modules) add("--module", name);
  }
  for (const auto &one : test_case.implementations) add("--module", one.module + "=" + one.path.string());
  for (const auto &setting : overrides.params) add("--param", plan::text_of(setting));
  if (overrides.check_memory) words.emplace_back("--check-memory");
  if (overrides.check_races == plan::Races::meet) words.emplace_back("--races");
  if (overrides.check_races == plan::Races::order) words.emplace_back("--races=order");
  if (overrides.strict) words.emplace_back("--strict");
  if (overrides.build_scripts) words.emplace_back("--build-scripts");
  return words;
}

/// Returns a case with the reason why the plan cannot run with these CPUs.
plan::Case skipped_case(const plan::Plan &own, const plan::CpuLayout &layout, const std::string &why) {
  plan::Case skipped = own.cases.front();
  const auto point = plan::guest_point(layout, {});
  skipped.id = fmt::format("{} [{}]", own.file.stem().string(), plan::point_text(point));
  skipped.point = {point.begin(), point.end()};
  skipped.guest = {};
  skipped.guest.cpus = layout.cpus;
  skipped.guest.sockets = layout.sockets;
  skipped.guest.cores = layout.cores;
  skipped.guest.threads = layout.threads;
  skipped.steps.clear();
  const std::string cpus = layout.text.empty() ? text::counted(static_cast<std::size_t>(layout.cpus), "CPU")
                                               : fmt::format("a topology of {}", layout.text);
  skipped.skip = fmt::format("the plan does not fit {}: {}", cpus, why);
  return skipped;
}

/// Reads a plan like plan::parse_plan_file. If --cpus or --topology asks for a guest that a valid plan cannot have (it
/// switches CPU 1 off, say), only that guest is skipped with the reason, and the other plans of a folder still run.
plan::ParseResult read_plan(const fs::path &file, const plan::Overrides &overrides) {
  auto parsed = plan::parse_plan_file(file, overrides);
  std::vector<plan::CpuLayout> layouts = overrides.topologies;
  for (const int cpus : overrides.cpus) layouts.push_back({.cpus = cpus});
  if (parsed.plan || layouts.empty()) return parsed;
  plan::Overrides own = overrides;
  own.cpus.clear();
  own.topologies.clear();
  auto whole = plan::parse_plan_file(file, own);
  if (!whole.plan) return parsed;
  std::vector<plan::Case> cases;
  for (const plan::CpuLayout &layout : layouts) {
    plan::Overrides one = own;
    one.topologies = {layout};
    auto fitting = plan::parse_plan_file(file, one);
    if (fitting.plan) {
      std::move(fitting.plan->cases.begin(), fitting.plan->cases.end(), std::back_inserter(cases));
    } else {
      cases.push_back(skipped_case(*whole.plan, layout, fitting.diagnostics.front().message));
    }
  }
  whole.plan->cases = std::move(cases);
  return whole;
}

bool selected(const plan::Plan &plan, const plan::Case &test_case, const Selection &selection) {
  const auto &ids = selection.ids;
  if (!ids.empty() && std::find(ids.begin(), ids.end(), test_case.id) == ids.end()) return false;
  if (!selection.tags.empty() && std::none_of(selection.tags.begin(), selection.tags.end(), [&](const auto &tag) {
        return std::find(plan.tags.begin(), plan.tags.end(), tag) != plan.tags.end();
      })) {
    return false;
  }
  if (selection.patterns.empty()) return true;
  return std::any_of(selection.patterns.begin(), selection.patterns.end(), [&](const auto &pattern) {
    // Brackets are part of every id: "ex7_4 [cpus=4]" must match itself, and a word every id that contains it.
    return test_case.id.find(pattern) != std::string::npos || ::fnmatch(pattern.c_str(), test_case.id.c_str(), 0) == 0;
  });
}

/// Returns the plans of the inputs that have none. Each is tested alone, with those of the others that it needs.
std::vector<plan::Plan> plans_without_file(const std::vector<fs::path> &inputs, const plan::Overrides &overrides) {
  std::vector<plan::Plan> plans;
  std::vector<plan::ModuleSource> all;
  plans.reserve(inputs.size());
  all.reserve(inputs.size());
  for (const auto &input : inputs) plans.push_back(plan::plan_for_module({input}, overrides));
  for (const auto &plan : plans) all.push_back(plan.cases.front().modules.front());
  for (std::size_t own = 0; own < plans.size(); ++own) {
    for (auto &test_case : plans[own].cases) {
      for (std::size_t other = 0; other < all.size(); ++other) {
        // What a folder needs to be built is named before it; modules that are built already are in no order.
        const bool can_help = all[other].kind != plan::ModuleSource::Kind::folder || other < own;
        if (can_help && other != own && all[other].path != all[own].path) test_case.companions.push_back(all[other]);
      }
    }
  }
  return plans;
}

/// Checks that each module that has implementations is one of a plan's.
void check_implementations(const std::vector<plan::Plan> &plans, const plan::Overrides &overrides) {
  for (const auto &one : overrides.implementations) {
    const bool used = std::any_of(plans.begin(), plans.end(), [&](const plan::Plan &plan) {
      return std::any_of(plan.cases.begin(), plan.cases.end(), [&](const plan::Case &test_case) {
        const auto &chosen = test_case.implementations;
        return std::find(chosen.begin(), chosen.end(), one) != chosen.end();
      });
    });
    if (used) continue;
    throw base::UsageError(
        base::Code::bad_option_value,
        fmt::format("--module {}={}: no plan has a module with this name", one.module, one.path.string()),
        "write the name that the plan's 'module' has, as lsmod prints it");
  }
}

}  // namespace

bool Collected::has_errors() const {
  return std::any_of(diagnostics.begin(), diagnostics.end(), [](const plan::Diagnostic &diagnostic) {
    return diagnostic.severity == plan::Diagnostic::Severity::error;
  });
}

Collected collect_plans(const std::vector<fs::path> &inputs, const plan::Overrides &overrides) {
  Collected collected;
  std::vector<fs::path> modules;
  std::vector<fs::path> files;
  for (const auto &input : inputs) {
    std::error_code ignored;
    if (!fs::exists(input, ignored)) {
      throw base::UsageError(base::Code::no_such_input, fmt::format("there is no file or folder {}", input.string()),
                             "name a plan (.yaml), a folder of plans, or a module (.ko or a folder with a Kbuild)");
    }
    if (fs::is_directory(input)) {
      auto found = plans_in(input);
      if (!found.empty()) {
        files.insert(files.end(), found.begin(), found.end());
      } else if (plan::has_modules(input)) {
        modules.push_back(input);
      } else {
        throw base::UsageError(
            base::Code::not_an_input,
            fmt::format("the folder {} has no plan (*.yaml) and no module (Kbuild, Makefile)", input.string()),
            "write a plan there, or name a folder that has one");
      }
    } else if (is_plan(input)) {
      files.push_back(input);
    } else if (plan::has_modules(input)) {
      modules.push_back(input);
    } else {
      throw base::UsageError(base::Code::not_an_input,
                             fmt::format("{} is neither a plan (.yaml) nor a module (.ko)", input.string()),
                             "name a plan, a .ko, or a folder of one of them");
    }
  }
  for (const auto &file : files) {
    auto parsed = read_plan(file, overrides);
    std::move(parsed.diagnostics.begin(), parsed.diagnostics.end(), std::back_inserter(collected.diagnostics));
    if (parsed.plan) collected.plans.push_back(std::move(*parsed.plan));
  }
  if (!collected.has_errors()) check_implementations(collected.plans, overrides);
  for (auto &plan : plans_without_file(modules, overrides)) collected.plans.push_back(std::move(plan));
  for (auto &plan : collected.plans) {
    for (auto &test_case : plan.cases) {
      test_case.options = options_of(test_case, overrides);
      if (overrides.failing_call != 0) test_case = plan::with_failing_call(test_case, overrides.failing_call, "");
    }
  }
  return collected;
}

std::vector<std::shared_ptr<const plan::Case>> select_cases(std::vector<plan::Plan> plans, const Selection &selection) {
  std::vector<std::shared_ptr<const plan::Case>> cases;
  std::set<std::string> missing(selection.ids.begin(), selection.ids.end());
  std::vector<std::string> known;
  for (auto &plan : plans) {
    for (auto &test_case : plan.cases) {
      known.push_back(test_case.id);
      missing.erase(test_case.id);
      if (selected(plan, test_case, selection)) cases.push_back(std::make_shared<plan::Case>(std::move(test_case)));
    }
  }
  if (!missing.empty()) {
    const auto meant = text::similar_name(*missing.begin(), known);
    throw base::UsageError(
        base::Code::no_such_case, fmt::format("no plan has a case '{}'", *missing.begin()),
        meant ? fmt::format("did you mean '{}'?", *meant) : std::string("kmodtest list shows the cases of a plan"));
  }
  return cases;
}

}  // namespace kmodtest::run
