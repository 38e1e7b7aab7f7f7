// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/code/instruction.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace kmodtest::kernel {
namespace {

using Bytes = std::vector<unsigned char>;

struct Sample {
  const char *text;
  Bytes code;
};

/// As GNU as encodes them.
const std::vector<Sample> kSamples = {
    {"ret", {0xc3}},
    {"int3", {0xcc}},
    {"push %r12", {0x41, 0x54}},
    {"je", {0x74, 0x0b}},
    {"je", {0x0f, 0x84, 0, 0, 0, 0}},
    {"call", {0xe8, 0, 0, 0, 0}},
    {"nopl 0x0(%rax,%rax,1)", {0x0f, 0x1f, 0x44, 0, 0}},
    {"nopw %cs:0x0(%rax,%rax,1)", {0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0}},
    {"endbr64", {0xf3, 0x0f, 0x1e, 0xfa}},
    {"mov $0x0,%rdi", {0x48, 0xc7, 0xc7, 0, 0, 0, 0}},
    {"movabs $0x0,%rax", {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"mov $0x0,%ax", {0x66, 0xb8, 0, 0}},
    {"mov %gs:0x0,%rbp", {0x65, 0x48, 0x8b, 0x2c, 0x25, 0, 0, 0, 0}},
    {"lock xadd %eax,0x0(%rip)", {0xf0, 0x0f, 0xc1, 0x05, 0, 0, 0, 0}},
    {"test $0x1,%al", {0xa8, 1}},
    {"testb $0x1,0x8(%rsp)", {0xf6, 0x44, 0x24, 8, 1}},
    {"notq (%rax)", {0x48, 0xf7, 0x10}},
    {"testl $0x1,(%rax)", {0xf7, 0, 1, 0, 0, 0}},
    {"testw $0x1,(%rax)", {0x66, 0xf7, 0, 1, 0}},
    {"imul $0xfa,%ebx,%r12d", {0x44, 0x69, 0xe3, 0xfa, 0, 0, 0}},
    {"movabs 0x0,%al", {0xa0, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"ud2", {0x0f, 0x0b}},
    {"bt $0x3,%rax", {0x48, 0x0f, 0xba, 0xe0, 3}},
    {"shld $0x4,%eax,%ebx", {0x0f, 0xa4, 0xc3, 4}},
    {"pshufb %xmm1,%xmm0", {0x66, 0x0f, 0x38, 0x00, 0xc1}},
    {"palignr $0x8,%xmm1,%xmm0", {0x66, 0x0f, 0x3a, 0x0f, 0xc1, 8}},
    {"vzeroupper", {0xc5, 0xf8, 0x77}},
    {"vpxor %ymm1,%ymm2,%ymm3", {0xc5, 0xed, 0xef, 0xd9}},
    {"vpshufd $0x1b,%ymm1,%ymm2", {0xc5, 0xfd, 0x70, 0xd1, 0x1b}},
    {"vpbroadcastd (%rax),%ymm1", {0xc4, 0xe2, 0x7d, 0x58, 0x08}},
    {"vinserti128 $0x1,%xmm1,%ymm2,%ymm3", {0xc4, 0xe3, 0x6d, 0x38, 0xd9, 1}},
    {"vpxorq %zmm1,%zmm2,%zmm3", {0x62, 0xf1, 0xed, 0x48, 0xef, 0xd9}},
};

TEST(InstructionLength, OfEachForm) {
  for (const Sample &sample : kSamples) {
    Bytes code = sample.code;
    EXPECT_EQ(instruction_length(code), code.size()) << sample.text;
    code.resize(code.size() + 8, 0x90);
    EXPECT_EQ(instruction_length(code), sample.code.size()) << sample.text << ", followed by others";
  }
}

TEST(InstructionLength, OfOneThatIsCutOffIs0) {
  for (const Sample &sample : kSamples) {
    for (std::size_t size = 0; size < sample.code.size(); ++size) {
      const Bytes part(sample.code.begin(), sample.code.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_EQ(instruction_length(part), 0) << sample.text << ", " << size << " bytes";
    }
  }
}

TEST(InstructionLength, OfWhatIsNotAnInstructionIs0) {
  for (const Bytes &code : {Bytes{0x06, 0, 0}, Bytes{0x0f, 0x0a, 0, 0}, Bytes{0xd6, 0}, Bytes(20, 0x66)})
    EXPECT_EQ(instruction_length(code), 0);
}

TEST(InstructionLength, NeverReachesBeyondTheBytes) {
  Bytes code(15);
  for (unsigned first = 0; first < 256; ++first) {
    for (unsigned second = 0; second < 256; ++second) {
      code[0] = static_cast<unsigned char>(first);
      code[1] = static_cast<unsigned char>(second);
      for (std::size_t size = 0; size <= code.size(); ++size)
        EXPECT_LE(instruction_length({code.data(), size}), size) << first << ' ' << second;
    }
  }
}

}  // namespace
}  // namespace kmodtest::kernel
