// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/failure/plan_frame.hpp"

#include <gtest/gtest.h>

#include "text/utf8.hpp"

namespace kmodtest::report {
namespace {

TEST(Excerpt, ALineThatFitsStaysAsItIs) {
  const Excerpt shown = excerpt("  - load", 4, 4, 8);
  EXPECT_EQ(shown.line, "  - load");
  EXPECT_EQ(shown.mark, 4u);
  EXPECT_EQ(excerpt("  - load", 4, 4, 0).line, "  - load");
}

TEST(Excerpt, TheMarkIsAlwaysInIt) {
  const std::string line = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (std::size_t width = 4; width <= line.size(); ++width) {
    for (std::size_t mark = 0; mark + 3 <= line.size(); ++mark) {
      const Excerpt shown = excerpt(line, mark, 3, width);
      EXPECT_LE(text::columns(shown.line), width);
      ASSERT_LE(shown.mark + shown.length, width) << width << " " << mark;
      // "…" takes the first column of the text after it, in three bytes.
      const std::size_t more = shown.line.starts_with("…") ? 2 : 0;
      const bool cut_at_mark = shown.mark == 0 && more > 0;
      if (!cut_at_mark) {
        EXPECT_EQ(shown.line[shown.mark + more], line[mark]) << shown.line;
      }
    }
  }
}

TEST(Excerpt, WideCharactersAreNotCutInTwo) {
  const Excerpt shown = excerpt("模块没有卸载因为线程还在运行", 20, 2, 12);
  EXPECT_EQ(shown.line, "… 程还在运行");
  EXPECT_EQ(shown.mark, 4u);
}

}  // namespace
}  // namespace kmodtest::report
