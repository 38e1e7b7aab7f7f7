// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>

namespace kmodtest::kernel {

/// Returns a folder below the cache with the source of kmodtest_faults, to be built for a kernel. Writes it if it is
/// not there yet. Throws base::Error.
std::filesystem::path fault_module_folder(const std::filesystem::path &cache);

}  // namespace kmodtest::kernel
