// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/prepare/parameters.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string>

#include "base/error.hpp"
#include "kernel/modules/module.hpp"
#include "plan/parameter_setting.hpp"
#include "text/module_name.hpp"

namespace kmodtest::run {
namespace {

bool has_parameter(const kernel::ModuleInfo &module, const plan::ParameterSetting &setting) {
  return kernel::check_parameters(module, {{setting.name, setting.value}}).empty();
}

bool is_meant(const kernel::ModuleInfo &module, const plan::ParameterSetting &setting) {
  return setting.module.empty() || text::lsmod_name(module.name) == setting.module;
}

[[noreturn]] void refuse(const plan::ParameterSetting &setting, const std::vector<kernel::ModuleInfo> &modules) {
  for (const auto &module : modules) {
    if (!is_meant(module, setting) || (setting.module.empty() && modules.size() > 1)) continue;
    const auto finding = kernel::check_parameters(module, {{setting.name, setting.value}}).front();
    throw base::UsageError(base::Code::unknown_parameter,
                           fmt::format("{} has no parameter '{}'", module.name, setting.name), finding.hint);
  }
  if (setting.module.empty()) {
    throw base::UsageError(base::Code::unknown_parameter,
                           fmt::format("none of the modules has a parameter '{}'", setting.name), "correct --param");
  }
  throw base::UsageError(base::Code::unknown_parameter,
                         fmt::format("there is no module {} for --param {}", setting.module, plan::text_of(setting)),
                         "name one of the modules under test");
}

void set_in(wire::Step &step, const std::string &module, const plan::ParameterSetting &setting) {
  const auto set = [&](std::vector<wire::ModuleToLoad> &modules) {
    for (auto &loaded : modules) {
      if (loaded.name == module) loaded.params[setting.name] = setting.value;
    }
  };
  if (auto *load = std::get_if<wire::Load>(&step.body)) set(load->modules);
  if (auto *repeat = std::get_if<wire::Repeat>(&step.body)) set(repeat->modules);
}

}  // namespace

plan::Case with_parameters(plan::Case test_case, const std::vector<kernel::ModuleInfo> &modules) {
  for (const auto &setting : test_case.params) {
    bool used = false;
    for (const auto &module : modules) {
      if (!is_meant(module, setting) || !has_parameter(module, setting)) continue;
      used = true;
      for (auto &step : test_case.steps) {
        if (step.guest) set_in(*step.guest, text::lsmod_name(module.name), setting);
      }
    }
    if (!used) refuse(setting, modules);
  }
  return test_case;
}

}  // namespace kmodtest::run
