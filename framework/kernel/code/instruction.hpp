// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <span>

namespace kmodtest::kernel {

/// Returns the length of the x86-64 instruction that the bytes begin with; 0 if it is not a valid one, or is cut off.
/// Knows all instructions that a compiler writes into a kernel module, SSE and AVX included. Source: Intel's manual,
/// volume 2, appendix A (opcode map).
std::size_t instruction_length(std::span<const unsigned char> code);

}  // namespace kmodtest::kernel
