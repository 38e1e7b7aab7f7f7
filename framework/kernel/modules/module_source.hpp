// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>

namespace kmodtest::kernel {

/// Whether a file or folder below a module's folder is one that the module may be built from: it is not hidden, and not
/// left by a build or by an editor. `relative`: from the module's folder.
bool is_module_source(const std::filesystem::path &relative);

}  // namespace kmodtest::kernel
