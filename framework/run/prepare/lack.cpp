// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/prepare/lack.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "kernel/modules/missing_features.hpp"

namespace kmodtest::run {

std::optional<std::string> undefined_symbol(const std::string &output_of_make) {
  const auto symbols = kernel::undefined_symbols(output_of_make);
  return symbols.empty() ? std::nullopt : std::optional(symbols.front());
}

std::optional<std::string> lack_in(const base::Error &error, const std::string &kernel) {
  if (const auto *build = dynamic_cast<const kernel::BuildError *>(&error)) {
    const auto symbol = undefined_symbol(build->output());
    if (symbol) return fmt::format("the kernel {} does not export {}", kernel, *symbol);
    // Its only hint is what the kernel was configured without.
    return error.hint().empty() ? std::nullopt : std::optional(error.hint());
  }
  if (error.code() != base::Code::no_kernel_module) return std::nullopt;
  return error.what();
}

std::optional<std::string> lack_in(const std::vector<kernel::PreflightFinding> &findings) {
  const auto found = std::find_if(findings.begin(), findings.end(), [](const kernel::PreflightFinding &finding) {
    return finding.code == base::Code::missing_symbol;
  });
  return found == findings.end() ? std::nullopt : std::optional(found->message);
}

}  // namespace kmodtest::run
