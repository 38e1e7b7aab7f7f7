// SPDX-License-Identifier: GPL-2.0-or-later
#include "table.hpp"

#include <gtest/gtest.h>

namespace kmodtest::bench {
namespace {

Table example() {
  return {
      "reset (seconds)", {"CPUs", "median", "against 1"}, {{"1", "0.050", "1.00x"}, {"4", "10.125", "202.50x"}}, {}};
}

TEST(Table, TextAlignsFiguresToTheRight) {
  EXPECT_EQ(render(example(), Format::text),
            "reset (seconds)\n"
            "  CPUs  median  against 1\n"
            "  1      0.050      1.00x\n"
            "  4     10.125    202.50x\n");
}

TEST(Table, MarkdownCanBePasted) {
  EXPECT_EQ(render(example(), Format::markdown),
            "### reset (seconds)\n"
            "\n"
            "| CPUs | median | against 1 |\n"
            "|:-----|-------:|----------:|\n"
            "| 1    |  0.050 |     1.00x |\n"
            "| 4    | 10.125 |   202.50x |\n");
}

TEST(Table, ANoteStandsBelowTheRows) {
  Table table = example();
  table.note = "Measured once.";
  EXPECT_TRUE(render(table, Format::text).ends_with("202.50x\n  Measured once.\n"));
  EXPECT_TRUE(render(table, Format::markdown).ends_with("202.50x |\n\nMeasured once.\n"));
}

TEST(Table, Cells) {
  EXPECT_EQ(seconds(0.12345), "0.123");
  EXPECT_EQ(ratio(3, 2), "1.50x");
  EXPECT_EQ(percent(1, 4), "25 %");
  EXPECT_EQ(mib(1536), "1.5");
}

TEST(Table, NothingIsDividedByZero) {
  EXPECT_EQ(ratio(3, 0), "-");
  EXPECT_EQ(percent(3, 0), "-");
}

}  // namespace
}  // namespace kmodtest::bench
