// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

/// Where an x86-64 kernel has what (kernel: Documentation/arch/x86/x86_64/mm.rst).
namespace kmodtest::wire {

inline constexpr std::uint64_t kKernelBegin = 0xffff'8000'0000'0000;  ///< all that belongs to the kernel
inline constexpr std::uint64_t kModulesBegin = 0xffff'ffff'a000'0000;
inline constexpr std::uint64_t kModulesEnd = 0xffff'ffff'ff00'0000;

/// Returns the address of code, of the kernel or of a module, whose lower half is known.
constexpr std::uint64_t code_address(std::uint32_t low) {
  return 0xffff'ffff'0000'0000 | low;
}

}  // namespace kmodtest::wire
