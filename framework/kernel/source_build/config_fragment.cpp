// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/source_build/config_fragment.hpp"

#include <fmt/format.h>
#include <sstream>

namespace kmodtest::kernel {

ConfigFragment read_fragment(std::string_view text) {
  constexpr std::string_view kOff = " is not set";
  constexpr std::string_view kOption = "CONFIG_";
  ConfigFragment fragment;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kOption)) {
      if (const auto equals = line.find('='); equals != std::string::npos)
        fragment.insert_or_assign(line.substr(0, equals), line.substr(equals + 1));
    } else if (line.starts_with("# CONFIG_") && line.ends_with(kOff)) {
      fragment.insert_or_assign(line.substr(2, line.size() - 2 - kOff.size()), "n");
    }
  }
  return fragment;
}

std::vector<std::string> options_not_taken(const ConfigFragment &fragment, const KernelConfig &config) {
  std::vector<std::string> refused;
  for (const auto &[option, value] : fragment) {
    const std::string is = config.value(option).value_or("n");
    if (is != value) refused.push_back(fmt::format("{}={} (is {})", option, value, is));
  }
  return refused;
}

}  // namespace kmodtest::kernel
