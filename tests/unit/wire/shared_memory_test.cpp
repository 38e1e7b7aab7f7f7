// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/shared_memory.hpp"

#include <cstdint>
#include <cstring>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace kmodtest::wire {
namespace {

/// Both ends of one memory.
class SharedMemoryTest : public ::testing::Test {
 protected:
  SharedMemoryTest() : words_(kSharedMemoryBytes / sizeof(std::uint64_t)) { controller.clear(); }

  std::vector<std::uint64_t> words_;
  SharedMemory controller{words_.data()};
  SharedMemory agent{words_.data()};
};

TEST_F(SharedMemoryTest, WhatOneEndAddsTheOtherSees) {
  EXPECT_TRUE(controller.add_requests("push"));
  EXPECT_TRUE(controller.add_requests(" run"));
  EXPECT_EQ(agent.requests(), "push run");
  EXPECT_TRUE(agent.add_reports("info"));
  EXPECT_EQ(controller.reports(), "info");
  EXPECT_EQ(controller.requests(), "push run");
}

TEST_F(SharedMemoryTest, ClearingEmptiesBothStreams) {
  controller.add_requests("old");
  agent.add_reports("old");
  controller.clear();
  EXPECT_EQ(agent.requests(), "");
  EXPECT_EQ(controller.reports(), "");
}

TEST_F(SharedMemoryTest, BothEndsSeeHowTheGuestRests) {
  EXPECT_EQ(controller.rest(), Rest::none);
  agent.set_rest(Rest::wanted);
  EXPECT_EQ(controller.rest(), Rest::wanted);
  // The place where the library in QEMU looks for it.
  std::uint32_t half = 0;
  std::memcpy(&half, reinterpret_cast<const char *>(words_.data()) + kRestOffset, sizeof half);
  EXPECT_EQ(half, static_cast<std::uint32_t>(Rest::wanted));
  controller.end_rest();
  EXPECT_EQ(agent.rest(), Rest::none);
  agent.set_rest(Rest::refused);
  controller.clear();
  EXPECT_EQ(agent.rest(), Rest::none);
}

TEST_F(SharedMemoryTest, BothEndsSeeHowTheGuestSettles) {
  EXPECT_EQ(controller.settling(), Settling::none);
  agent.set_settling(Settling::wanted);
  EXPECT_EQ(controller.settling(), Settling::wanted);
  std::uint64_t word = 0;
  std::memcpy(&word, reinterpret_cast<const char *>(words_.data()) + kSettlingOffset, sizeof word);
  EXPECT_EQ(word, static_cast<std::uint64_t>(Settling::wanted));
  controller.clear();
  EXPECT_EQ(agent.settling(), Settling::none);
}

TEST_F(SharedMemoryTest, TheStreamsDoNotMeet) {
  const std::string most(most_request_bytes(kSharedMemoryBytes), 'q');
  EXPECT_TRUE(controller.add_requests(most));
  EXPECT_FALSE(controller.add_requests("x"));
  EXPECT_TRUE(agent.add_reports("r"));
  EXPECT_EQ(agent.requests(), most);
  EXPECT_EQ(controller.reports(), "r");
}

TEST_F(SharedMemoryTest, ALargerMemoryHasRoomForMoreRequestsAndKeepsTheReportsAtItsEnd) {
  constexpr std::size_t kSize = 2 * kSharedMemoryBytes;
  std::vector<std::uint64_t> words(kSize / sizeof(std::uint64_t));
  SharedMemory one(words.data(), kSize);
  SharedMemory other(words.data(), kSize);
  const std::string most(kSize - kMostReportBytes - kRequestsOffset, 'q');
  EXPECT_TRUE(one.add_requests(most));
  EXPECT_FALSE(one.add_requests("x"));
  EXPECT_TRUE(other.add_reports(std::string(kMostReportBytes, 'r')));
  EXPECT_EQ(other.requests(), most);
}

TEST_F(SharedMemoryTest, AfterAReportWithoutRoomAllAreDropped) {
  EXPECT_TRUE(agent.add_reports("first"));
  EXPECT_FALSE(agent.add_reports(std::string(kMostReportBytes, 'x')));
  EXPECT_FALSE(agent.add_reports("small"));
  EXPECT_EQ(controller.reports(), "first");
  EXPECT_EQ(controller.dropped(), 2u);
}

TEST_F(SharedMemoryTest, SizesThatAModuleOverwroteStayInBounds) {
  std::memset(words_.data(), 0xff, 40);
  EXPECT_EQ(controller.reports().size(), kMostReportBytes);
  EXPECT_EQ(controller.requests().size(), most_request_bytes(kSharedMemoryBytes));
  EXPECT_FALSE(agent.add_reports("x"));
}

}  // namespace
}  // namespace kmodtest::wire
