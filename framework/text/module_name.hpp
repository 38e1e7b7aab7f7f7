// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace kmodtest::text {

/// Returns the name of a module as the kernel and lsmod write it: with "_" for each "-".
inline std::string lsmod_name(std::string_view name) {
  std::string written(name);
  std::replace(written.begin(), written.end(), '-', '_');
  return written;
}

}  // namespace kmodtest::text
