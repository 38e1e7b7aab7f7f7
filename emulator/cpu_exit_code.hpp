// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

namespace kmodtest::emulator {

/// Where a CPU's state has what ends its turn, in bytes.
struct TurnOffsets {
  std::int32_t flag = 0;               ///< one byte
  std::int32_t instructions_left = 0;  ///< the lower half of a 32-bit count whose upper half ends the turn
};

/// Reads the offsets from the first 20 bytes of QEMU's cpu_exit(): it sets the flag (movb $1, offset(%rdi)), then the
/// upper half of the count to -1 (movw $-1, offset(%rdi)). Debian 13 compiles it with a mark for indirect branches
/// (endbr64) in front. Returns false if the code is something else.
inline bool read_cpu_exit(const unsigned char *code, TurnOffsets &offsets) {
  constexpr std::array<unsigned char, 4> kBranchMark{0xf3, 0x0f, 0x1e, 0xfa};
  constexpr std::array<unsigned char, 2> kSetFlag{0xc6, 0x87};
  constexpr std::array<unsigned char, 3> kSetHalf{0x66, 0xc7, 0x87};
  if (std::memcmp(code, kBranchMark.data(), kBranchMark.size()) == 0) code += kBranchMark.size();
  std::int32_t half = 0;
  std::memcpy(&offsets.flag, code + 2, sizeof offsets.flag);
  std::memcpy(&half, code + 10, sizeof half);
  offsets.instructions_left = half - 2;
  return std::memcmp(code, kSetFlag.data(), kSetFlag.size()) == 0 && code[6] == 1 &&
         std::memcmp(code + 7, kSetHalf.data(), kSetHalf.size()) == 0 && code[14] == 0xff && code[15] == 0xff;
}

}  // namespace kmodtest::emulator
