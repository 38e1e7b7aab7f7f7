// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/code_counter.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <vector>

#include "wire/kernel_addresses.hpp"
#include "wire/schedule_memory.hpp"

namespace kmodtest::emulator {
namespace {

constexpr std::uint64_t kA = wire::kModulesBegin + 0x3000, kB = kA + 4, kC = kA + 0x40;
constexpr std::uint64_t kStack = 0xffffc90000010e00, kOther = kStack - 0xa8;
constexpr CodeCounter::Ways kNoJump{};

class CodeCounterTest : public testing::Test {
 protected:
  CodeCounterTest() { counter_->begin(*area_); }
  std::vector<wire::CodeCount> counts() const {
    return {area_->count.begin(), area_->count.begin() + static_cast<std::ptrdiff_t>(area_->used)};
  }
  static wire::CodeCount count(std::uint64_t address, std::uint32_t reports, std::uint64_t times,
                               std::uint64_t taken = 0, std::uint64_t fell = 0) {
    return {
        .low = static_cast<std::uint32_t>(address), .reports = reports, .times = times, .taken = taken, .fell = fell};
  }

  std::unique_ptr<wire::CoverageArea> area_ = std::make_unique<wire::CoverageArea>();
  std::unique_ptr<CodeCounter> counter_ = std::make_unique<CodeCounter>();
};
using Counts = std::vector<wire::CodeCount>;

TEST_F(CodeCounterTest, CountsEachInstruction) {
  const auto a = counter_->add(kA, 10, kNoJump), b = counter_->add(kB, 10, kNoJump);
  for (int i = 0; i < 3; ++i) counter_->executes(a);
  counter_->executes(b);
  EXPECT_EQ(counts(), (Counts{count(kA, 10, 3), count(kB, 10, 1)}));
}

TEST_F(CodeCounterTest, AnInstructionThatIsTranslatedAgainKeepsItsEntryUntilTheNextMessage) {
  const auto a = counter_->add(kA, 10, kNoJump);
  EXPECT_EQ(counter_->add(kA, 10, kNoJump), a);
  const auto later = counter_->add(kA, 50, kNoJump);
  EXPECT_NE(later, a) << "another module can be there now";
  counter_->executes(a);
  counter_->executes(later);
  EXPECT_EQ(counts(), (Counts{count(kA, 10, 1), count(kA, 50, 1)}));
}

TEST_F(CodeCounterTest, KnowsWhereAJumpWent) {
  const auto jump = counter_->add(kA, 0, {.on = kB, .target = kC});
  const auto go = [&](std::uint64_t to) {
    counter_->executes(jump);
    counter_->jumps(jump, kStack);
    counter_->arrives(to, kStack);
  };
  go(kB);
  go(kC);
  go(kC);
  EXPECT_EQ(counts(), Counts{count(kA, 0, 3, 2, 1)});
}

TEST_F(CodeCounterTest, AnInterruptBetweenAJumpAndItsTargetHasJumpsOfItsOwn) {
  const auto jump = counter_->add(kA, 0, {.on = kB, .target = kC});
  counter_->jumps(jump, kStack);
  counter_->jumps(jump, kOther);
  counter_->arrives(kB, kOther);
  counter_->arrives(kC, kStack);
  EXPECT_EQ(counts(), Counts{count(kA, 0, 0, 1, 1)});
}

TEST_F(CodeCounterTest, AnArrivalAfterNoJumpCountsNothing) {
  counter_->add(kA, 0, {.on = kB, .target = kC});
  counter_->arrives(kB, kStack);
  EXPECT_EQ(counts(), Counts{count(kA, 0, 0)});
}

TEST_F(CodeCounterTest, JumpsThatNeverArriveDoNotFillTheTable) {
  const auto jump = counter_->add(kA, 0, {.on = kB, .target = kC});
  for (std::uint64_t i = 0; i < 1000; ++i) counter_->jumps(jump, kStack + 8 + i * 8);
  counter_->jumps(jump, kStack);
  counter_->arrives(kC, kStack);
  EXPECT_EQ(counts(), Counts{count(kA, 0, 0, 1, 0)});
}

TEST_F(CodeCounterTest, ARestoreForgetsEverything) {
  const auto jump = counter_->add(kA, 10, {.on = kB, .target = kC});
  counter_->executes(jump);
  counter_->jumps(jump, kStack);
  counter_->begin(*area_);
  EXPECT_EQ(counts(), Counts{});
  counter_->executes(jump);
  counter_->arrives(kB, kStack);
  EXPECT_EQ(counts(), Counts{}) << "code that was translated before it";
  counter_->executes(counter_->add(kA, 10, kNoJump));
  EXPECT_EQ(counts(), Counts{count(kA, 10, 1)});
}

TEST_F(CodeCounterTest, AFullTableSaysWhatItLeftOut) {
  for (std::uint64_t i = 0; i < wire::kMostCodeCounts; ++i) counter_->add(kA + i, 0, kNoJump);
  EXPECT_EQ(area_->left_out, 0);
  const auto none = counter_->add(kA - 1, 0, kNoJump);
  EXPECT_EQ(none, CodeCounter::kNone);
  counter_->executes(none);
  EXPECT_EQ(area_->left_out, 1);
}

TEST(ConditionalJump, IsFoundInItsForms) {
  const auto jump = [](std::vector<unsigned char> code) { return wire::conditional_jump(code); };
  EXPECT_EQ(jump({0x74, 0x0b}), (wire::ConditionalJump{2, 11}));
  EXPECT_EQ(jump({0x75, 0xfe, 0x90}), (wire::ConditionalJump{2, -2}));
  EXPECT_EQ(jump({0x0f, 0x84, 0x00, 0x01, 0x00, 0x00}), (wire::ConditionalJump{6, 256}));
  EXPECT_EQ(jump({0x3e, 0x0f, 0x8f, 0xff, 0xff, 0xff, 0xff}), (wire::ConditionalJump{7, -1}));
  EXPECT_EQ(jump({0xe3, 0x05}), (wire::ConditionalJump{2, 5}));
  for (const std::vector<unsigned char> &other : std::vector<std::vector<unsigned char>>{{0xeb, 0x05},
                                                                                         {0xe9, 1, 0, 0, 0},
                                                                                         {0xe8, 1, 0, 0, 0},
                                                                                         {0x0f, 0x94, 0xc0},
                                                                                         {0x0f, 0x84, 0, 0},
                                                                                         {0x74},
                                                                                         {},
                                                                                         {0x3e}}) {
    EXPECT_EQ(jump(other), std::nullopt);
  }
}

}  // namespace
}  // namespace kmodtest::emulator
