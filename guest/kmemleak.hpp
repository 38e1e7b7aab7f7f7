// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace kmodtest::guest {

/// Returns whether the kernel has kmemleak. Looks once; the agent asks for it before a case begins.
bool has_kmemleak();

}  // namespace kmodtest::guest
