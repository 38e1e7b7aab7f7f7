// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

namespace kmodtest::storage {

/// Returns the cache folder: $KMODTEST_CACHE, else $XDG_CACHE_HOME/kmodtest, else ~/.cache/kmodtest. Creates it if it
/// is missing. Throws base::Error that names the folder if it cannot be created or written to.
std::filesystem::path cache_folder();

/// Returns the folder of kernels.yaml: $KMODTEST_DATA, else the installed share folder, else the source tree's images/.
std::filesystem::path data_folder();

/// Finds a file that kmodtest needs at run time ("kernels.yaml", "kmodtest-agent"): in $KMODTEST_DATA if that is set,
/// else in share/kmodtest or libexec/kmodtest of the installation (base::installed_folders), in the program's own
/// folder (a build tree), or in the source tree's images/. Throws base::Error that names the folders searched.
std::filesystem::path find_data_file(const std::string &name);

}  // namespace kmodtest::storage
