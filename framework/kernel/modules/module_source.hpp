// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>

namespace kmodtest::kernel {

/// Returns whether a module may be built from a file or folder below its own folder: it is not hidden, and no build or
/// editor has left it there. `relative`: from the module's folder.
bool is_module_source(const std::filesystem::path &relative);

}  // namespace kmodtest::kernel
