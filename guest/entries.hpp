// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace kmodtest::guest {

/// Lists what a module can create under /proc, /sys and /dev, for shared::compare_entries(): an unload must remove it
/// again. Reads only names, no attributes; leaves out parts that change on their own.
std::string list_entries();

}  // namespace kmodtest::guest
