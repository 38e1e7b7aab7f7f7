// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/libvirt/registers.hpp"

#include <gtest/gtest.h>

namespace kmodtest::vm {
namespace {

// The output of QEMU 10.0, with the rest of the lines left out.
constexpr const char *kAnswer =
    "\r\n"
    "CPU#0\r\n"
    "RAX=0000000000000000 RBX=ffffffff82a1aa40 RCX=0000000000000000 RDX=4000000000000000\r\n"
    "RSI=ffffffff8262b7d1 RDI=00000000000151a4 RBP=0000000000000000 RSP=ffffffff82a03e78\r\n"
    "R8 =ffff88800f61f260 R9 =0000000000000001 R10=0000000000000000 R11=0000000000000000\r\n"
    "RIP=ffffffff81a0a7cb RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1\r\n"
    "GS =0000 ffff88800f600000 ffffffff 00c00100\r\n"
    "CR0=80050033 CR2=00000000005128b0 CR3=0000000003a5e000 CR4=00750ef0\r\n"
    "\r\n"
    "CPU#11\r\n"
    "RAX=0000000000000001 RBX=0000000000000000 RCX=0000000000000000 RDX=0000000000000000\r\n"
    "RSI=0000000000000000 RDI=0000000000000000 RBP=0000000000000000 RSP=00007ffc6f9fa978\r\n"
    "RIP=000000000049a720 RFL=00000002 [-------] CPL=3 II=0 A20=1 SMM=0 HLT=0\r\n";

TEST(Registers, OfEachCpuAreRead) {
  const auto cpus = parse_registers(kAnswer);
  ASSERT_EQ(cpus.size(), 2u);
  EXPECT_EQ(cpus[0].cpu, 0);
  EXPECT_EQ(cpus[0].rip, 0xffffffff81a0a7cbu);
  EXPECT_EQ(cpus[0].rsp, 0xffffffff82a03e78u);
  EXPECT_EQ(cpus[0].cr2, 0x5128b0u);
  EXPECT_EQ(cpus[0].cr3, 0x3a5e000u);
  EXPECT_EQ(cpus[0].gs_base, 0xffff88800f600000u);
  EXPECT_TRUE(cpus[0].halted);
  EXPECT_TRUE(cpus[0].in_kernel());
  EXPECT_TRUE(cpus[0].takes_interrupts());
  EXPECT_TRUE(cpus[0].text.starts_with("RAX=0000000000000000 RBX=ffffffff82a1aa40"));
  EXPECT_TRUE(cpus[0].text.ends_with("HLT=1\n"));
  EXPECT_EQ(cpus[1].cpu, 11);
  EXPECT_FALSE(cpus[1].in_kernel());
  EXPECT_FALSE(cpus[1].halted);
  EXPECT_FALSE(cpus[1].takes_interrupts());
}

TEST(Registers, OfAnAnswerOfAnotherKindAreNone) {
  EXPECT_TRUE(parse_registers("").empty());
  EXPECT_TRUE(parse_registers("unknown command: 'info registers -a'\n").empty());
  EXPECT_TRUE(parse_registers("CPU#0\nEAX=00000000\n").empty());
}

TEST(Registers, OfACpuThatCannotBeAreNone) {
  EXPECT_TRUE(parse_registers("CPU#4294967295\r\nRIP=ffffffff81a0a7cb\r\n").empty());
  EXPECT_TRUE(parse_registers("CPU#-1\r\nRIP=ffffffff81a0a7cb\r\n").empty());
}

}  // namespace
}  // namespace kmodtest::vm
