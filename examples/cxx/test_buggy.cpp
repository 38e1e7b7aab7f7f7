// SPDX-License-Identifier: GPL-2.0-or-later

// Tests that fail, because buggy/buggy.c is broken. They show what failures look like.
#include <kmodtest/gtest.hpp>

namespace {

class Buggy : public kmodtest::GuestTest {};

TEST_F(Buggy, CountsWrites) {
  guest.load("buggy");
  guest.write("/proc/buggy", "1");
}

TEST_F(Buggy, LeavesNothingBehind) {
  guest.load("buggy");
  guest.unload("buggy");
}

TEST_F(Buggy, SaysThatItIsThere) {
  guest.load("buggy");
  guest.wait_for_log("buggy: hello");
}

}  // namespace
