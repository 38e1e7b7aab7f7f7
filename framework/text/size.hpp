// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Sizes in bytes, with units of powers of 1024.
namespace kmodtest::text {

/// Returns the bytes of "K", "M", "G" or "T", or of "KiB" and so on; nothing for any other text.
std::optional<std::uint64_t> bytes_of_unit(std::string_view unit);

/// Returns the bytes of "500M" or "4GiB"; only 0 needs no unit. Nothing for any other text, or when it is too large.
std::optional<std::uint64_t> size_in_bytes(std::string_view text);

/// Returns "67.5 MiB"; below a KiB "1023 B".
std::string human_size(std::uint64_t bytes);

}  // namespace kmodtest::text
