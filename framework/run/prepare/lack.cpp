// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/prepare/lack.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <sstream>

namespace kmodtest::run {

std::optional<std::string> undefined_symbol(const std::string &output_of_make) {
  std::istringstream lines(output_of_make);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("modpost:") == std::string::npos || !line.ends_with(" undefined!")) continue;
    const std::size_t begin = line.find('"');
    const std::size_t end = line.find('"', begin + 1);
    if (end != std::string::npos) return line.substr(begin + 1, end - begin - 1);
  }
  return std::nullopt;
}

std::optional<std::string> lack_in(const base::Error &error, const std::string &kernel) {
  if (const auto *build = dynamic_cast<const kernel::BuildError *>(&error)) {
    const auto symbol = undefined_symbol(build->output());
    return symbol ? std::optional(fmt::format("the kernel {} does not export {}", kernel, *symbol)) : std::nullopt;
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
