// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/prepare/needs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/config.hpp"

namespace kmodtest::run {

std::optional<std::string> unmet_needs(const std::vector<plan::Need> &needs, const kernel::Kernel &kernel) {
  if (needs.empty()) return std::nullopt;
  const auto config = kernel::read_kernel_config(kernel);
  std::vector<std::string> names;
  std::vector<std::string> options;
  for (const auto &need : needs) {
    if (config && config->value(need.option)) continue;
    names.push_back(need.name);
    options.push_back(need.option);
  }
  if (names.empty()) return std::nullopt;
  if (!config) {
    return fmt::format("needs {}, and it is not known whether the kernel {} has it (no config-{} next to its image)",
                       fmt::join(names, ", "), kernel.name, kernel.release);
  }
  return fmt::format("needs {}, which the kernel {} does not have ({} {} not set)", fmt::join(names, ", "), kernel.name,
                     fmt::join(options, ", "), options.size() == 1 ? "is" : "are");
}

bool checks_itself(const kernel::Kernel &kernel) {
  const auto config = kernel::read_kernel_config(kernel);
  const auto has = [&](const char *option) { return config && config->value(option); };
  return has("CONFIG_KASAN") || has("CONFIG_KCSAN") || has("CONFIG_PROVE_LOCKING");
}

}  // namespace kmodtest::run
