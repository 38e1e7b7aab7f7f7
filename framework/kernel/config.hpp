// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <optional>
#include <string>

#include "kernel/kernel.hpp"

namespace kmodtest::kernel {

/// What a kernel was configured with (kernel: Documentation/kbuild/kconfig.rst).
class KernelConfig {
 public:
  /// From the text of a .config or of include/config/auto.conf.
  explicit KernelConfig(const std::string &text);

  /// "y", "m", a number, a text in quotes; nothing for an option that is not set.
  std::optional<std::string> value(const std::string &option) const;

 private:
  std::map<std::string, std::string> options_;
};

/// The configuration of a kernel from the first of these files that is there: config-RELEASE beside the image, config
/// in its modules' folder, .config or include/config/auto.conf of its headers. Nothing when none is. Throws base::Error
/// when one cannot be read.
std::optional<KernelConfig> read_kernel_config(const Kernel &kernel);

}  // namespace kmodtest::kernel
