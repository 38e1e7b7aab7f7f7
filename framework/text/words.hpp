// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <string>

/// Numbers as people read them.
namespace kmodtest::text {

/// Returns "12.5 s" below a minute, else "2 min 5 s".
std::string wall_time(std::chrono::duration<double> took);

}  // namespace kmodtest::text
