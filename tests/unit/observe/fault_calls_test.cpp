// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/fault_calls.hpp"

#include <gtest/gtest.h>

namespace kmodtest::observe {
namespace {

using Messages = std::vector<wire::AgentMessage>;

wire::KernelLogLine logged(std::string text, std::uint8_t facility = 0) {
  return {7, 6, facility, wire::Microseconds{9}, "", std::move(text)};
}

TEST(FaultCalls, AreReadInTheirOrder) {
  const Messages messages = {
      wire::FaultCalls{0, "on calls=1 failed=0 left=0\ncall 1 i 0 14178012 kmalloc_trace my_init+0x1b/0x60 [my]\n"},
      wire::FaultCalls{2,
                       "on calls=3 failed=1 left=0\ncall 2 o 1 14178159 kthread_create_on_node start+0x3e/0x80 [my]\n"
                       "call 3 x 0 14178160 __kmalloc my_exit+0x8/0x10 [my]\n"}};
  const FaultCalls calls = read_fault_calls(messages, {});
  ASSERT_EQ(calls.calls.size(), 3u);
  EXPECT_EQ(calls.counted, 3u);
  EXPECT_EQ(calls.failed, 1u);
  const FaultCall &first = calls.calls[0];
  EXPECT_EQ(first.number, 1u);
  EXPECT_EQ(first.context, FaultCall::Context::init);
  EXPECT_EQ(first.symbol, "kmalloc_trace");
  EXPECT_EQ(first.place, "my_init+0x1b");
  EXPECT_EQ(first.function, "my_init");
  EXPECT_EQ(first.offset, 0x1bu);
  EXPECT_EQ(first.size, 0x60u);
  EXPECT_EQ(first.module, "my");
  EXPECT_EQ(calls.calls[1].step, 2u);
  EXPECT_EQ(calls.calls[1].context, FaultCall::Context::other);
  EXPECT_EQ(calls.calls[2].context, FaultCall::Context::exit);
  ASSERT_EQ(calls.failures().size(), 1u);
  EXPECT_EQ(calls.failures().front().number, 2u);
}

TEST(FaultCalls, TheLogHasTheCallThatEndedTheGuest) {
  const Messages messages = {wire::StepStarted{1, wire::Microseconds{3}}};
  const FaultCalls calls =
      read_fault_calls(messages, {logged("kmodtest_faults: call 4 fails: kmalloc_trace at my_init+0x1b/0x60 [my]")});
  ASSERT_EQ(calls.calls.size(), 1u);
  EXPECT_TRUE(calls.calls[0].failed);
  EXPECT_EQ(calls.calls[0].number, 4u);
  EXPECT_EQ(calls.calls[0].step, 1u);
  EXPECT_EQ(calls.calls[0].place, "my_init+0x1b");
  EXPECT_EQ(calls.failed, 1u);
}

TEST(FaultCalls, ALineOfTheLogRepeatsWhatWasReported) {
  const Messages messages = {
      wire::FaultCalls{0, "on calls=1 failed=1 left=0\ncall 1 i 1 14178012 kmalloc_trace my_init+0x1b/0x60 [my]\n"}};
  const auto text = "kmodtest_faults: call 1 fails: kmalloc_trace at my_init+0x1b/0x60 [my]";
  const FaultCalls calls = read_fault_calls(messages, {logged(text), logged(text, 1)});
  EXPECT_EQ(calls.calls.size(), 1u);
  EXPECT_EQ(calls.failed, 1u);
}

TEST(FaultCalls, OnlyTheLastMessageSaysWhatIsLeft) {
  Messages messages = {wire::FaultCalls{0, "on calls=0 failed=0 left=2\nleft 2 300 kmalloc my_init+0x1b/0x60 [my]\n"}};
  FaultCalls calls = read_fault_calls(messages, {});
  ASSERT_EQ(calls.left.size(), 1u);
  EXPECT_EQ(calls.left[0].objects, 2u);
  EXPECT_EQ(calls.left[0].bytes, 300u);
  EXPECT_EQ(calls.left[0].call.symbol, "kmalloc");
  EXPECT_EQ(calls.left[0].call.place, "my_init+0x1b");
  messages.emplace_back(wire::FaultCalls{1, "on calls=0 failed=0 left=0\n"});
  EXPECT_TRUE(read_fault_calls(messages, {}).left.empty());
}

FaultCalls calls_in(const std::string &text) {
  return read_fault_calls({wire::FaultCalls{0, text}}, {});
}

TEST(FaultCalls, AFreeThatIsOneTooManyHasThreePlaces) {
  const FaultCalls calls = calls_in(
      "on calls=0 failed=0 left=0 wrong=3\n"
      "twice 100 kfree my_exit+0x1b/0x60 [my], kmem_cache_free f+0x5/0x9 [my], "
      "kmalloc my_init+0x1b/0x60 [my]\n"
      "twice 64 kfree my_exit+0x30/0x60 [my], ? ?, kmalloc g+0x1/0x2 [my]\n"
      "twice 64 kfree my_exit+0x30/0x60 [my]\n");
  ASSERT_EQ(calls.twice.size(), 2u) << "the third is cut off";
  EXPECT_EQ(calls.twice[0].bytes, 100u);
  EXPECT_EQ(calls.twice[0].second.place, "my_exit+0x1b");
  EXPECT_EQ(calls.twice[0].second.module, "my");
  EXPECT_EQ(calls.twice[0].first.symbol, "kmem_cache_free");
  EXPECT_EQ(calls.twice[0].allocation.function, "my_init");
  EXPECT_TRUE(calls.twice[1].first.symbol.empty()) << "freed by the kernel";
}

TEST(FaultCalls, AFreeBehindTheBeginningHasTwoPlaces) {
  const FaultCalls calls = calls_in(
      "on calls=0 failed=0 left=0 wrong=2\n"
      "inner 8 100 kfree my_exit+0x1b/0x60 [my], kmalloc my_init+0x1b/0x60 [my]\n"
      "inner 8 100 kfree my_exit+0x1b/0x60 [my]\n");
  ASSERT_EQ(calls.inner.size(), 1u) << "the second is cut off";
  EXPECT_EQ(calls.inner[0].offset, 8u);
  EXPECT_EQ(calls.inner[0].bytes, 100u);
  EXPECT_EQ(calls.inner[0].free.place, "my_exit+0x1b");
  EXPECT_EQ(calls.inner[0].allocation.function, "my_init");
}

TEST(FaultCalls, WhatIsMisspeltIsLeftOut) {
  const Messages messages = {wire::FaultCalls{
      0,
      "on calls=x\ncall\ncall one i 0 1 kmalloc f+0x1/0x2 [my]\nleft 1\nleft\nwithout kvfree_call_rcu -2\n\nhello\n"}};
  const FaultCalls calls =
      read_fault_calls(messages, {logged("kmodtest_faults: call fails"), logged("call 1 fails: x")});
  EXPECT_TRUE(calls.calls.empty());
  EXPECT_TRUE(calls.left.empty());
  EXPECT_EQ(calls.counted, 0u);
  EXPECT_EQ(calls.missing, std::vector<std::string>{"kvfree_call_rcu"});
}

}  // namespace
}  // namespace kmodtest::observe
