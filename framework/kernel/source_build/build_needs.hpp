// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace kmodtest::kernel {

/// A program or a C header that building a kernel needs, and the Debian package that has it.
struct BuildNeed {
  std::string name;  ///< "flex", "gelf.h"
  std::string package;
  bool is_header = false;
};

/// Returns all of them, for the configurations of the catalogue's kernels. Source: kernel,
/// Documentation/process/changes.rst.
const std::vector<BuildNeed> &build_needs();

/// Throws one base::Error that names everything that `has` denies, with the line for apt that installs it.
void check_build_needs(const std::function<bool(const BuildNeed &)> &has);

/// Returns whether this machine has it: a program in PATH, a header that gcc finds.
bool machine_has(const BuildNeed &need);

}  // namespace kmodtest::kernel
