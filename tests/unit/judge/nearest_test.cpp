// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/steps/nearest.hpp"

#include <gtest/gtest.h>

namespace kmodtest::judge {
namespace {

wire::KernelLogLine line(std::string text) {
  return {1, 6, 0, wire::Microseconds(5'140'900), "", std::move(text)};
}

TEST(Align, FindsTheClosestPart) {
  EXPECT_EQ(align("exiting", "Thread exiting now").edits, 0u);
  EXPECT_EQ(align("exiting", "Thread exiting now").marks, "                  ");
  EXPECT_EQ(align("exiting", "Thread exitting now").edits, 1u);
  EXPECT_EQ(align("function 1", "In function 2!").marks, "            ^ ");
  EXPECT_EQ(align("abc", "").edits, 3u);
  EXPECT_EQ(align("", "abc").edits, 0u);
}

TEST(NearestLine, MarksTheDifference) {
  EXPECT_EQ(nearest_line({wire::Pattern::Kind::literal, "In thread function 3"},
                         {line("Thread started"), line("In thread function 2"), line("Exiting!")}),
            "[    5.140900] In thread function 2\n"
            "                                  ^");
}

TEST(NearestLine, ARegexHasNoMarks) {
  EXPECT_EQ(nearest_line({wire::Pattern::Kind::regex, "^In thread function [3]$"}, {line("In thread function 2")}),
            "[    5.140900] In thread function 2");
}

TEST(NearestLine, NothingIsNearer) {
  EXPECT_EQ(nearest_line({wire::Pattern::Kind::literal, "Thread exiting"}, {line("0123456789 ABCDEF")}), "");
}

}  // namespace
}  // namespace kmodtest::judge
