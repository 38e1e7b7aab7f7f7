// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

/// What a guest can have, at least and at most: plans are checked by it, and guests that no plan describes.
namespace kmodtest::base {

inline constexpr int kMostGuestCpus = 64;
inline constexpr std::uint32_t kLeastGuestMemoryMib = 64;
inline constexpr std::uint32_t kMostGuestMemoryMib = 64 * 1024;

}  // namespace kmodtest::base
