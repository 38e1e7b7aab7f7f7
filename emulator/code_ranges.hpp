// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "emulator/mixed.hpp"
#include "wire/kernel_addresses.hpp"

/// Which addresses of an x86-64 kernel are what (kernel: Documentation/arch/x86/x86_64/mm.rst).
namespace kmodtest::emulator {

inline constexpr std::uint64_t kShadowBegin = 0xffff'ec00'0000'0000, kShadowEnd = 0xffff'fc00'0000'0000;  ///< KASAN's
inline constexpr std::uint64_t kCodeBegin = 0xffff'ffff'8100'0000;  ///< of the kernel's own code: LOAD_PHYSICAL_ADDR

/// Returns whether other threads than the one with this stack can access memory.
constexpr bool can_be_shared(std::uint64_t address, std::uint64_t stack) {
  return address >= wire::kKernelBegin && address / kStack != stack / kStack &&
         (address < kShadowBegin || address >= kShadowEnd);
}

constexpr bool is_code_of_kernel(std::uint64_t address) {
  return address >= kCodeBegin && address < wire::kModulesBegin;
}

}  // namespace kmodtest::emulator
