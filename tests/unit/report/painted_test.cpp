// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/terminal/painted.hpp"

#include <gtest/gtest.h>

namespace kmodtest::report {
namespace {

TEST(Painted, ColoursTakeNoColumns) {
  EXPECT_EQ(cut_painted("\x1b[1;31mFailed\x1b[0m", 6), "\x1b[1;31mFailed\x1b[0m");
  EXPECT_EQ(cut_painted("\x1b[1;31mFailed\x1b[0m", 5), "\x1b[1;31mFail…\x1b[0m");
  EXPECT_EQ(cut_painted("\x1b[1ma\x1b[0m bcdef", 4), "\x1b[1ma\x1b[0m b…");
  EXPECT_EQ(cut_painted("模块没有", 5), "模块…");
  EXPECT_EQ(cut_painted("模块没有", 0), "");
}

TEST(Painted, LinesAreBrokenAtBlanks) {
  EXPECT_EQ(wrap_painted("one two three", 13, 2), "one two three");
  EXPECT_EQ(wrap_painted("one two three", 12, 2), "one two\n  three");
  EXPECT_EQ(wrap_painted("one two three", 6, 2), "one\n  two\n  three");
  EXPECT_EQ(wrap_painted("one two three", 0, 2), "one two three");
  EXPECT_EQ(wrap_painted("      note a b", 12, 11), "      note a\n           b");
  EXPECT_EQ(wrap_painted("\x1b[1mone\x1b[0m two", 6, 1), "\x1b[1mone\x1b[0m\n two");
  EXPECT_EQ(wrap_painted("averylongword and more", 6, 1), "averylongword\n and\n more");
  EXPECT_EQ(wrap_painted("模块 没有", 8, 1), "模块\n 没有");
}

}  // namespace
}  // namespace kmodtest::report
