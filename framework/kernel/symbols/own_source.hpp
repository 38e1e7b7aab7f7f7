// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <elfutils/libdw.h>
#include <string_view>

namespace kmodtest::kernel {

/// Returns whether a module's own source declares something, and not a header of the kernel.
inline bool is_in_own_source(Dwarf_Die &declared) {
  const char *file = dwarf_decl_file(&declared);
  return file != nullptr && std::string_view(file).find("/include/") == std::string_view::npos &&
         !std::string_view(file).starts_with("include/");
}

}  // namespace kmodtest::kernel
