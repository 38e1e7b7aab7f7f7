// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/case/guest_ending.hpp"

#include <gtest/gtest.h>

namespace kmodtest::run {
namespace {

using Kind = judge::Ending::Kind;

TEST(GuestEnding, OfAGuestWithoutRoomForItsDiskIsAboutTheHost) {
  const judge::Ending ending = guest_ending(vm::GuestState::no_room);
  EXPECT_EQ(ending.kind, Kind::guest_gone);
  EXPECT_EQ(ending.code, base::Code::disk_full);
}

TEST(GuestEnding, OfAPanicOrAResetIsAboutTheGuest) {
  EXPECT_EQ(guest_ending(vm::GuestState::crashed).kind, Kind::panicked);
  EXPECT_EQ(guest_ending(vm::GuestState::reset).kind, Kind::guest_reset);
  EXPECT_EQ(guest_ending(vm::GuestState::stopped).kind, Kind::guest_gone);
}

}  // namespace
}  // namespace kmodtest::run
