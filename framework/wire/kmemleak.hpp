// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace kmodtest::wire {

/// The file that kmemleak lists objects in, and takes commands from. At the end of a case, after the last step, the
/// agent sends it as a FileRead, if it lists any.
inline constexpr const char *kKmemleakFile = "/sys/kernel/debug/kmemleak";

/// The agent's marker in the log before it lets kmemleak scan. The kernel's line about the result counts objects that
/// are not the module's, too.
inline constexpr const char *kKmemleakMark = "kmemleak";

/// The section of a module with its init function. The kernel frees it after the load; on a kernel with kmemleak the
/// agent sends its address, since what an init function allocates has addresses in it.
inline constexpr const char *kInitCode = ".init.text";

}  // namespace kmodtest::wire
