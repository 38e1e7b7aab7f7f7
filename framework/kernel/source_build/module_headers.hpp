// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>

namespace kmodtest::kernel {

/// Copies from a kernel's source and from the folder in which it was built (make O=) what building a module needs:
/// makefiles, headers, scripts, objtool, the configuration, the versions of symbols. `to` then serves `make -C` like a
/// distribution's package of headers. Throws std::filesystem::filesystem_error. Source: kernel,
/// scripts/package/builddeb.
void copy_module_headers(const std::filesystem::path &source, const std::filesystem::path &objects,
                         const std::filesystem::path &to);

}  // namespace kmodtest::kernel
