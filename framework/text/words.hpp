// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

/// Numbers as people read them.
namespace kmodtest::text {

/// Returns "12.5 s" below a minute, else "2 min 5 s".
std::string wall_time(std::chrono::duration<double> took);

/// Returns "1 case", "2 cases".
std::string counted(std::size_t number, std::string_view noun);

}  // namespace kmodtest::text
