// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/race_events.hpp"

#include <cstdint>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <vector>

#include "emulator/instruction_kind.hpp"

namespace kmodtest::emulator {
namespace {

using Kind = wire::RaceEvent::Kind;

constexpr std::uint64_t kLock = 0xffffffff81a00010, kUnlock = 0xffffffff81a00080, kPrint = 0xffffffff81a00100;
constexpr std::uint64_t kHere = 0xffffffffc0203100, kNext = kHere + 5, kFunction = 0xffffffffc0203040;
constexpr std::uint64_t kOneStack = 0xffffc90000014100, kOtherStack = 0xffffc90000024200;
constexpr std::uint64_t kOneTask = 0xffff888004001000, kOtherTask = 0xffff888004002000;
constexpr std::uint64_t kObject = 0xffff888003001000;
constexpr std::uint64_t kInKernel = 0xffffffff81234567, kInModule = 0xffffffffc0203333;

/// The guest's CPU, as far as it is looked at.
struct Cpu {
  std::uint64_t task = kOneTask;
  std::uint64_t arguments[3] = {kObject, 2, 3};
  std::uint64_t result = 0;
  std::uint64_t target = kLock;
  std::uint64_t return_address = kInKernel;
  std::uint32_t preempt_count = 0;
  bool takes_interrupts = true;
  bool on_interrupt_stack = false;
} cpu;

constexpr RaceEvents::Guest kGuest{.task = [] { return cpu.task; },
                                   .argument = [](unsigned number) { return cpu.arguments[number]; },
                                   .result = [] { return cpu.result; },
                                   .target = [](std::uint64_t) { return cpu.target; },
                                   .word = [](std::uint64_t) { return cpu.return_address; },
                                   .reports = []() -> std::uint32_t { return 640; },
                                   .takes_interrupts = [] { return cpu.takes_interrupts; },
                                   .preempt_count = [] { return cpu.preempt_count; },
                                   .name =
                                       [](std::uint64_t task, std::uint64_t, wire::RaceThread &thread) {
                                         thread.pid = static_cast<std::uint32_t>(task >> 12);
                                         thread.in_interrupt = cpu.on_interrupt_stack ? 1 : 0;
                                       },
                                   .object =
                                       [](std::uint64_t, wire::RaceEvent &event) {
                                         event.second = kObject;
                                         event.third = 64;
                                       }};

class RaceEventsTest : public testing::Test {
 protected:
  void SetUp() override {
    cpu = {};
    begin(wire::RaceWay::meet);
  }
  void begin(wire::RaceWay way) {
    area_ = std::make_unique<wire::RaceArea>();  // too large for the stack
    area_->request.way = way;
    area_->request.noted = {static_cast<std::uint32_t>(kLock), static_cast<std::uint32_t>(kUnlock)};
    area_->request.noted_count = 2;
    area_->request.add_function(kFunction);
    events_->begin(*area_);
  }
  void execute(std::uint64_t address, Flow flow = Flow::other, std::uint64_t stack = kOneStack) {
    events_->before({.cpu = 1, .stack = stack, .address = address, .next = address + 5, .flow = flow}, kGuest);
  }
  void access(std::uint64_t address, bool writes = false, std::uint32_t bytes = 4) {
    execute(kHere + 0x40);
    events_->accesses(
        {.cpu = 1, .instruction = kHere + 0x40, .address = address, .bytes = bytes, .writes = writes, .atomic = false},
        kGuest);
  }
  std::vector<Kind> kinds() const {
    std::vector<Kind> all;
    for (std::size_t i = 0; i < area_->events; ++i) all.push_back(area_->event[i].kind);
    return all;
  }

  std::unique_ptr<wire::RaceArea> area_ = std::make_unique<wire::RaceArea>();
  std::unique_ptr<RaceEvents> events_ = std::make_unique<RaceEvents>();
};

TEST_F(RaceEventsTest, ACallOfALockAndItsReturnAreNoted) {
  execute(kHere, Flow::calls);
  cpu.result = 7;
  execute(kNext);
  ASSERT_EQ(kinds(), (std::vector{Kind::call, Kind::returned}));
  const wire::RaceEvent &call = area_->event[0], &returned = area_->event[1];
  EXPECT_EQ(call.target, static_cast<std::uint32_t>(kLock));
  EXPECT_EQ(call.instruction, static_cast<std::uint32_t>(kHere));
  EXPECT_EQ(call.address, kObject);
  EXPECT_EQ(call.second, 2);
  EXPECT_EQ(call.third, 3);
  EXPECT_EQ(call.cpu, 1);
  EXPECT_EQ(call.reports, 640);
  EXPECT_EQ(returned.target, call.target);
  EXPECT_EQ(returned.instruction, call.instruction);
  EXPECT_EQ(returned.address, 7);
  EXPECT_EQ(returned.third, 64);
}

TEST_F(RaceEventsTest, OtherFunctionsAreNotedOnlyWhereTheOrderIsLookedFor) {
  cpu.target = kPrint;
  execute(kHere, Flow::calls);
  EXPECT_TRUE(kinds().empty());
  begin(wire::RaceWay::order);
  execute(kHere, Flow::calls);
  EXPECT_EQ(kinds(), std::vector{Kind::call});
}

TEST_F(RaceEventsTest, AnotherThreadAtTheSamePlaceHasNotComeBack) {
  execute(kHere, Flow::calls);
  execute(kNext, Flow::other, kOtherStack);
  EXPECT_EQ(kinds(), std::vector{Kind::call});
  execute(kNext);
  EXPECT_EQ(kinds().size(), 2);
}

TEST_F(RaceEventsTest, AJumpToAFunctionDoesNotComeBack) {
  cpu.target = kUnlock;
  execute(kHere, Flow::jumps);
  execute(kNext);
  EXPECT_EQ(kinds(), std::vector{Kind::call});
}

TEST_F(RaceEventsTest, WhereTheKernelCallsTheModuleIsNoted) {
  begin(wire::RaceWay::order);
  execute(kFunction);
  execute(kHere, Flow::returns);
  EXPECT_EQ(kinds(), (std::vector{Kind::entered, Kind::left}));
  EXPECT_EQ(area_->event[0].address, kObject);
}

TEST_F(RaceEventsTest, AFunctionThatTheModuleCallsItselfIsNot) {
  begin(wire::RaceWay::order);
  cpu.return_address = kInModule;
  execute(kFunction);
  execute(kHere, Flow::returns);
  EXPECT_TRUE(kinds().empty());
}

TEST_F(RaceEventsTest, AnAccessIsNotedOnceUntilItsThreadDoesSomethingElse) {
  begin(wire::RaceWay::order);
  access(kObject);
  access(kObject);
  EXPECT_EQ(kinds(), std::vector{Kind::access});
  access(kObject, true);
  EXPECT_EQ(kinds().size(), 2) << "a write says more than a read";
  cpu.target = kUnlock;
  execute(kHere, Flow::calls);
  access(kObject);
  EXPECT_EQ(kinds().size(), 4);
}

TEST_F(RaceEventsTest, NobodyElseAccessesTheOwnStack) {
  begin(wire::RaceWay::order);
  access(kOneStack + 0x40, true);
  EXPECT_TRUE(kinds().empty());
}

TEST_F(RaceEventsTest, ALockThatIsGivenBackByAWriteIsNotedAlways) {
  access(kObject, true, 1);
  EXPECT_TRUE(kinds().empty()) << "nobody has taken a lock there";
  execute(kHere, Flow::calls);
  access(kObject, true, 4);
  EXPECT_EQ(kinds().size(), 1) << "a lock's own write is one of a byte";
  access(kObject, true, 1);
  EXPECT_EQ(kinds(), (std::vector{Kind::call, Kind::access}));
}

TEST_F(RaceEventsTest, TasksAndInterruptsAreThreads) {
  begin(wire::RaceWay::order);
  access(kObject);
  cpu.task = kOtherTask;
  events_->before({.cpu = 1, .stack = kOtherStack, .address = kHere, .next = kNext}, kGuest);
  events_->accesses({.cpu = 1, .instruction = kHere, .address = kObject, .bytes = 4}, kGuest);
  cpu.on_interrupt_stack = true;
  events_->before({.cpu = 1, .stack = 0xffffc90000100000, .address = kHere, .next = kNext}, kGuest);
  events_->accesses({.cpu = 1, .instruction = kHere, .address = kObject, .bytes = 4}, kGuest);
  cpu.task = kOneTask;
  events_->accesses({.cpu = 1, .instruction = kHere, .address = kObject + 8, .bytes = 4}, kGuest);
  ASSERT_EQ(area_->threads, 3);
  EXPECT_EQ(area_->thread[0].task, kOneTask);
  EXPECT_EQ(area_->thread[1].task, kOtherTask);
  EXPECT_EQ(area_->thread[1].pid, static_cast<std::uint32_t>(kOtherTask >> 12));
  EXPECT_EQ(area_->event[2].thread, 2);
  EXPECT_EQ(area_->event[3].thread, 2) << "the interrupts of a CPU are one thread";
}

TEST_F(RaceEventsTest, AnAccessSaysWhatCanInterruptIt) {
  using Event = wire::RaceEvent;
  struct {
    std::uint32_t preempt_count;
    bool takes_interrupts;
    int flags;
  } const kContexts[] = {{0, true, Event::kTakesInterrupts | Event::kTakesSoftirqs},
                         {0, false, 0},
                         {0x200, true, Event::kTakesInterrupts},
                         {0x100, true, Event::kTakesInterrupts | Event::kInSoftirq},
                         {~0u, true, Event::kTakesInterrupts | Event::kInSoftirq}};
  for (const auto &context : kContexts) {
    begin(wire::RaceWay::order);
    cpu.preempt_count = context.preempt_count;
    cpu.takes_interrupts = context.takes_interrupts;
    access(kObject);
    EXPECT_EQ(area_->event[0].flags, context.flags) << context.preempt_count;
  }
}

TEST_F(RaceEventsTest, WhatHasNoRoomIsCounted) {
  begin(wire::RaceWay::order);
  area_->events = area_->event.size();
  access(kObject);
  EXPECT_EQ(area_->events, area_->event.size());
  EXPECT_EQ(area_->unnoted, 1);
}

TEST(FlowOfInstruction, CallsAndJumpsIntoTheKernelAreKnown) {
  const auto flow = [](std::initializer_list<unsigned char> code, std::uint64_t address) {
    const std::vector<unsigned char> bytes(code);
    return flow_of_instruction(bytes, address);
  };
  constexpr std::uint64_t kAt = 0xffffffffc0000000;
  EXPECT_EQ(flow({0xe8, 0x00, 0x00, 0x00, 0xc2}, kAt), Flow::calls);  // 0xffffffff82000005
  EXPECT_EQ(flow({0xe9, 0x00, 0x00, 0x00, 0xc2}, kAt), Flow::jumps);
  EXPECT_EQ(flow({0xe8, 0x00, 0x01, 0x00, 0x00}, kAt), Flow::other) << "a function of the module";
  EXPECT_EQ(flow({0xc3}, kAt), Flow::returns);
  EXPECT_EQ(flow({0xff, 0xd0}, kAt), Flow::other);
  EXPECT_EQ(flow({}, kAt), Flow::other);
}

}  // namespace
}  // namespace kmodtest::emulator
