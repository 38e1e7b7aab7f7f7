// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/cpu_exit_code.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace kmodtest::emulator {
namespace {

using Code = std::vector<unsigned char>;

// The first bytes of cpu_exit() in QEMU 10.0.2 of Debian 12's backports, and in QEMU 10.0.13 of Debian 13.
const Code kDebian12{0xc6, 0x87, 0xc7, 0x00, 0x00, 0x00, 0x01, 0x66, 0xc7, 0x87,
                     0xba, 0x2b, 0x00, 0x00, 0xff, 0xff, 0x31, 0xff, 0xc3, 0x66};
const Code kDebian13{0xf3, 0x0f, 0x1e, 0xfa, 0xc6, 0x87, 0xc7, 0x00, 0x00, 0x00,
                     0x01, 0x66, 0xc7, 0x87, 0xba, 0x2b, 0x00, 0x00, 0xff, 0xff};

TEST(CpuExitCode, IsReadWithAndWithoutABranchMark) {
  for (const Code &code : {kDebian12, kDebian13}) {
    TurnOffsets offsets;
    ASSERT_TRUE(read_cpu_exit(code.data(), offsets));
    EXPECT_EQ(offsets.flag, 0xc7);
    EXPECT_EQ(offsets.instructions_left, 0x2bb8);
  }
}

TEST(CpuExitCode, IsNotReadIfAnyOfItsBytesIsAnother) {
  // Except for the two offsets.
  for (const std::size_t at : {0U, 1U, 6U, 7U, 8U, 9U, 14U, 15U}) {
    Code code = kDebian12;
    code[at] = static_cast<unsigned char>(code[at] ^ 0x40U);
    TurnOffsets offsets;
    EXPECT_FALSE(read_cpu_exit(code.data(), offsets)) << at;
  }
}

}  // namespace
}  // namespace kmodtest::emulator
