// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/preemption.hpp"

#include <array>
#include <gtest/gtest.h>
#include <memory>

#include "emulator/qemu.hpp"
#include "wire/kernel_addresses.hpp"

namespace kmodtest::emulator {
namespace {

constexpr std::uint64_t kA = wire::kModulesBegin + 0x3000, kB = kA + 4, kC = kA + 9;
constexpr std::uint64_t kFirstStack = 0xffffc90000010000, kSecondStack = 0xffffc90000020000;
constexpr std::uint64_t kLeft = 1000;  // instructions of a turn

class PreemptionTest : public testing::Test {
 protected:
  void begin(const std::vector<wire::SchedulePoint> &points, bool observes = false) {
    *area_ = {};
    area_->observes = observes ? 1 : 0;
    area_->points = static_cast<std::uint32_t>(points.size());
    std::copy(points.begin(), points.end(), area_->point.begin());
    preemption_->begin(*area_);
  }
  Decision at(unsigned cpu, std::uint64_t stack, std::uint64_t address, std::uint64_t left = kLeft) {
    return preemption_->before({.cpu = cpu, .stack = stack + 0x120, .address = address, .flags = 0, .left = left});
  }
  const wire::CodeSeen *code(std::uint64_t address) const {
    for (const wire::CodeSeen &one : area_->code)
      if (one.address == address) return &one;
    return nullptr;
  }

  std::unique_ptr<wire::ScheduleArea> area_ = std::make_unique<wire::ScheduleArea>();
  std::unique_ptr<Preemption> preemption_ = std::make_unique<Preemption>();
};

TEST_F(PreemptionTest, WithoutPointsNothingWaits) {
  begin({});
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(at(0, kFirstStack, kA + static_cast<std::uint64_t>(i)).ends_turn);
  EXPECT_EQ(area_->instructions, 100);
}

TEST_F(PreemptionTest, ACpuWaitsAtTheNthExecutionUntilItHasTakenTheInstructions) {
  begin({{.address = kB, .time = 2, .hold = 2500}});
  EXPECT_FALSE(at(0, kFirstStack, kB).ends_turn);
  EXPECT_EQ(at(1, kSecondStack, kB).takes, 1000);
  EXPECT_EQ(at(1, kSecondStack, kB).takes, 1000);
  EXPECT_EQ(at(1, kSecondStack, kB).takes, 500);
  EXPECT_FALSE(at(1, kSecondStack, kB).ends_turn);
  EXPECT_EQ(area_->instructions, 2) << "an instruction that waits counts once";
  EXPECT_EQ(area_->seen[0].turns, 3);
  EXPECT_EQ(area_->seen[0].cpu, 1);
  EXPECT_EQ(area_->seen[0].thread, 1);
  EXPECT_FALSE(at(1, kSecondStack, kB).ends_turn) << "the third time";
}

TEST_F(PreemptionTest, AWaitOfNothingEndsOneTurn) {
  begin({{.address = kA, .time = 1, .hold = 0}});
  const Decision decision = at(0, kFirstStack, kA);
  EXPECT_TRUE(decision.ends_turn);
  EXPECT_EQ(decision.takes, 0);
  EXPECT_FALSE(at(0, kFirstStack, kA).ends_turn);
}

TEST_F(PreemptionTest, OnlyTheThreadWaits) {
  begin({{.address = kA, .time = 1, .hold = 5000}});
  EXPECT_TRUE(at(0, kFirstStack, kA).ends_turn);
  EXPECT_FALSE(at(0, kSecondStack, kA).ends_turn) << "an interrupt, or another thread, on the same CPU";
  EXPECT_FALSE(at(1, kSecondStack, kB).ends_turn);
  EXPECT_TRUE(at(0, kFirstStack, kA).ends_turn);
}

TEST_F(PreemptionTest, TwoThreadsCanWaitAtOnce) {
  begin({{.address = kA, .time = 1, .hold = 2000}, {.address = kB, .time = 1, .hold = 1000}});
  EXPECT_TRUE(at(0, kFirstStack, kA).ends_turn);
  EXPECT_TRUE(at(1, kSecondStack, kB).ends_turn);
  EXPECT_TRUE(at(0, kFirstStack, kA).ends_turn);
  EXPECT_FALSE(at(1, kSecondStack, kB).ends_turn);
  EXPECT_FALSE(at(0, kFirstStack, kA).ends_turn);
}

TEST_F(PreemptionTest, BeginsAnewForEachCase) {
  begin({{.address = kA, .time = 1, .hold = 5000}});
  EXPECT_TRUE(at(0, kFirstStack, kA).ends_turn);
  begin({});
  EXPECT_FALSE(at(0, kFirstStack, kA).ends_turn);
  EXPECT_EQ(area_->instructions, 1);
}

TEST_F(PreemptionTest, OtherSwitchesAreAnotherInterleaving) {
  const auto digest_of = [this](std::initializer_list<std::uint64_t> stacks) {
    begin({});
    for (const std::uint64_t stack : stacks) at(0, stack, kA);
    return area_->interleaving;
  };
  const auto one = digest_of({kFirstStack, kSecondStack, kFirstStack});
  EXPECT_EQ(digest_of({kFirstStack, kSecondStack, kFirstStack}), one);
  EXPECT_EQ(digest_of({kFirstStack, kFirstStack, kSecondStack, kFirstStack}), one) << "the same switches";
  EXPECT_NE(digest_of({kFirstStack, kSecondStack}), one);
}

TEST_F(PreemptionTest, FindsMemoryThatThreadsShare) {
  begin({}, true);
  constexpr std::uint64_t kShared = 0xffff888000001000, kOwn = 0xffff888000002000;
  at(0, kFirstStack, kA);
  preemption_->accesses(0, kA, kShared, false);
  preemption_->accesses(0, kA, kFirstStack + 0x80, true);
  at(0, kFirstStack, kB);
  preemption_->accesses(0, kB, kOwn, true);
  EXPECT_EQ(code(kA)->flags & wire::kCodeShared, 0u);
  at(1, kSecondStack, kC);
  preemption_->accesses(1, kC, kShared, true);
  EXPECT_NE(code(kA)->flags & wire::kCodeShared, 0u) << "read before the other thread wrote";
  EXPECT_NE(code(kC)->flags & wire::kCodeShared, 0u);
  EXPECT_EQ(code(kB)->flags & wire::kCodeShared, 0u);
}

TEST_F(PreemptionTest, MemoryThatIsOnlyReadIsNotShared) {
  begin({}, true);
  for (const std::uint64_t stack : {kFirstStack, kSecondStack}) {
    at(0, stack, kA);
    preemption_->accesses(0, kA, 0xffff888000001000, false);
  }
  EXPECT_EQ(code(kA)->flags & wire::kCodeShared, 0u);
}

TEST_F(PreemptionTest, TracesWhatIsExecutedAndWhoWaits) {
  begin({{.address = kB, .time = 1, .hold = 1000}}, true);
  at(0, kFirstStack, kA);
  at(0, kFirstStack, kB);
  at(1, kSecondStack, kA);
  at(0, kFirstStack, kB);
  ASSERT_EQ(area_->traced, 4);
  const auto low = [](std::uint64_t address) { return static_cast<std::uint32_t>(address); };
  EXPECT_EQ(area_->trace[1], (wire::Traced{.low = low(kB), .thread = 0, .cpu = 0, .what = 1}));
  EXPECT_EQ(area_->trace[2], (wire::Traced{.low = low(kA), .thread = 1, .cpu = 1, .what = 0}));
  EXPECT_EQ(area_->trace[3], (wire::Traced{.low = low(kB), .thread = 0, .cpu = 0, .what = 0}));
}

std::array<unsigned char, 3> states{};
unsigned char *executing = nullptr;

TEST(CurrentCpu, IsTheOneThatTheThreadExecutes) {
  Qemu qemu{};
  qemu.current_cpu = [] { return executing; };
  qemu.cpu = [](int index) -> void * { return index < 3 ? &states.at(static_cast<std::size_t>(index)) : nullptr; };
  for (const unsigned index : {1U, 1U, 0U, 2U, 0U}) {
    executing = &states.at(index);
    EXPECT_EQ(index_of_current_cpu(qemu), index);
  }
}

}  // namespace
}  // namespace kmodtest::emulator
