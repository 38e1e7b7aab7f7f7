// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/config.hpp"

#include <filesystem>
#include <sstream>
#include <system_error>
#include <vector>

#include "storage/files.hpp"

namespace kmodtest::kernel {

namespace fs = std::filesystem;

KernelConfig::KernelConfig(const std::string &text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find('=');
    if (!line.starts_with("CONFIG_") || equals == std::string::npos) continue;
    options_.insert_or_assign(line.substr(0, equals), line.substr(equals + 1));
  }
}

std::optional<std::string> KernelConfig::value(const std::string &option) const {
  const auto found = options_.find(option);
  if (found == options_.end() || found->second == "n") return std::nullopt;
  return found->second;
}

std::optional<KernelConfig> read_kernel_config(const Kernel &kernel) {
  std::vector<fs::path> files{kernel.image.parent_path() / ("config-" + kernel.release)};
  if (!kernel.modules_dir.empty()) files.push_back(kernel.modules_dir / "config");
  if (!kernel.headers.empty()) {
    files.push_back(kernel.headers / ".config");
    files.push_back(kernel.headers / "include/config/auto.conf");
  }
  for (const auto &file : files) {
    std::error_code error;
    if (fs::is_regular_file(file, error)) return KernelConfig(storage::read_whole_file(file));
  }
  return std::nullopt;
}

}  // namespace kmodtest::kernel
