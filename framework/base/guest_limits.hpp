// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

/// The limits of a guest, for checking plans and guests that no plan describes.
namespace kmodtest::base {

inline constexpr std::uint64_t kMiB = 1u << 20;

inline constexpr int kMostGuestCpus = 64;
inline constexpr std::uint32_t kLeastGuestMemoryMib = 64;
inline constexpr std::uint32_t kMostGuestMemoryMib = 64 * 1024;

}  // namespace kmodtest::base
