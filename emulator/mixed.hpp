// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

namespace kmodtest::emulator {

/// The kernel's stacks have this size or a multiple of it, and are aligned to it (kernel: THREAD_SIZE).
inline constexpr std::uint64_t kStack = 16u << 10;

/// Returns a number that looks random, and depends on each bit of the value.
constexpr std::uint64_t mixed(std::uint64_t value) {
  // The finaliser of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace kmodtest::emulator
