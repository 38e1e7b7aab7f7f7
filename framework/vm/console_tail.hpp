// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace kmodtest::vm {

inline constexpr std::size_t kConsoleTailBytes = 256u << 10;

/// Returns the last bytes of a file after its first `start` ones, from the start of a line if the beginning is cut off.
/// Empty if the file cannot be read.
std::string console_tail(const std::filesystem::path &file, std::size_t bytes = kConsoleTailBytes,
                         std::uintmax_t start = 0);

/// Returns whether a kernel's console shows that the kernel panicked.
bool shows_panic(std::string_view console);

/// Returns whether the console's last lines after its first `start` bytes are those of a kernel panic.
bool ended_in_panic(const std::filesystem::path &console, std::uintmax_t start = 0);

}  // namespace kmodtest::vm
