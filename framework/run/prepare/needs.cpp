// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/prepare/needs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/config.hpp"
#include "plan/needs.hpp"

namespace kmodtest::run {

std::optional<std::string> unmet_needs(const std::vector<plan::Need> &needs, const kernel::Kernel &kernel) {
  if (needs.empty()) return std::nullopt;
  const auto config = kernel::read_kernel_config(kernel);
  std::vector<std::string> names;
  std::vector<std::string> reasons;
  for (const auto &need : needs) {
    const bool absent = need.option.ends_with(plan::kAbsent);
    const std::string option = need.option.substr(0, need.option.size() - (absent ? plan::kAbsent.size() : 0));
    if (config && config->value(option).has_value() != absent) continue;
    names.push_back(need.name);
    reasons.push_back(fmt::format("{} is {}set", option, absent ? "" : "not "));
  }
  if (names.empty()) return std::nullopt;
  if (!config) {
    return fmt::format("needs {}, and it is not known whether the kernel {} has it (no config-{} next to its image)",
                       fmt::join(names, ", "), kernel.name, kernel.release);
  }
  return fmt::format("needs {}, which the kernel {} does not have ({})", fmt::join(names, ", "), kernel.name,
                     fmt::join(reasons, ", "));
}

bool checks_itself(const kernel::Kernel &kernel) {
  const auto config = kernel::read_kernel_config(kernel);
  const auto has = [&](const char *option) { return config && config->value(option); };
  return has("CONFIG_KASAN") || has("CONFIG_KCSAN") || has("CONFIG_PROVE_LOCKING");
}

}  // namespace kmodtest::run
