// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <optional>
#include <string>

#include "kernel/kernel.hpp"

namespace kmodtest::kernel {

/// The options that a kernel was configured with (kernel: Documentation/kbuild/kconfig.rst).
class KernelConfig {
 public:
  /// Reads the text of a .config or of include/config/auto.conf.
  explicit KernelConfig(const std::string &text);

  /// Returns "y", "m", a number, or a text in quotes; nothing for an option that is not set.
  std::optional<std::string> value(const std::string &option) const;

 private:
  std::map<std::string, std::string> options_;
};

/// Returns the configuration of a kernel from the first of these files that exists: config-RELEASE next to the image,
/// config in its modules' folder, .config or include/config/auto.conf of its headers. Returns nothing if none exists.
/// Throws base::Error if one cannot be read.
std::optional<KernelConfig> read_kernel_config(const Kernel &kernel);

}  // namespace kmodtest::kernel
