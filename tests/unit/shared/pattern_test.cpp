// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared/pattern.hpp"

#include <gtest/gtest.h>

namespace kmodtest::observe {
namespace {

using Kind = wire::Pattern::Kind;

TEST(Pattern, ALiteralIsASubstring) {
  const shared::Matcher matcher({Kind::literal, "thread.function 1"});
  EXPECT_TRUE(matcher.matches("In thread.function 12"));
  EXPECT_FALSE(matcher.matches("In thread function 1"));
  EXPECT_FALSE(matcher.matches(""));
}

TEST(Pattern, AnEmptyLiteralMatchesAnything) {
  EXPECT_TRUE(shared::Matcher({Kind::literal, ""}).matches(""));
}

TEST(Pattern, ARegexIsExtendedAndUnanchored) {
  const shared::Matcher matcher({Kind::regex, "function [0-9]+$"});
  EXPECT_TRUE(matcher.matches("In thread function 12"));
  EXPECT_FALSE(matcher.matches("In thread function 12 again"));
}

TEST(Pattern, ARegexSeesLinesInAContent) {
  const shared::Matcher matcher({Kind::regex, "^cpu: 3$"});
  EXPECT_TRUE(matcher.matches("name: a\ncpu: 3\nstate: R"));
  EXPECT_FALSE(matcher.matches("name: a\ncpu: 31\nstate: R"));
}

TEST(Pattern, ARegexMatchesNoFurtherThanItsText) {
  const std::string_view all = "abcdef";
  EXPECT_TRUE(shared::Matcher({Kind::regex, "c$"}).matches(all.substr(0, 3)));
  EXPECT_FALSE(shared::Matcher({Kind::regex, "d"}).matches(all.substr(0, 3)));
}

TEST(Pattern, AMalformedRegexMatchesNothingAndSaysWhy) {
  const shared::Matcher matcher({Kind::regex, "a("});
  EXPECT_FALSE(matcher.matches("a("));
  EXPECT_EQ(matcher.error(), "Unmatched ( or \\(");
}

TEST(Pattern, CopiesShareTheExpression) {
  std::string error;
  const auto make = [] { return shared::Matcher({Kind::regex, "b+"}); };
  shared::Matcher copy = make();
  copy = shared::Matcher(copy);
  EXPECT_TRUE(copy.matches("abb"));
}

TEST(Glob, IsOverTheWholeName) {
  EXPECT_TRUE(shared::glob_matches("ex7_*", "ex7_4"));
  EXPECT_FALSE(shared::glob_matches("ex7", "ex7_4"));
}

TEST(Glob, AllowsForNamesThatTheKernelCut) {
  EXPECT_TRUE(shared::glob_matches("kthread_create_on_node", "kthread_create_", 15));
  EXPECT_FALSE(shared::glob_matches("kthread_create_on_node", "kthread_create_"));
  EXPECT_FALSE(shared::glob_matches("kthread_create_on_node", "kthread_creates", 15));
  EXPECT_FALSE(shared::glob_matches("kthread_create", "kthread_creat", 15)) << "only a pattern longer than the cut";
}

TEST(RenderPattern, QuotesByKind) {
  EXPECT_EQ(shared::render_pattern({Kind::literal, "a b"}), "'a b'");
  EXPECT_EQ(shared::render_pattern({Kind::regex, "a+"}), "/a+/");
}

}  // namespace
}  // namespace kmodtest::observe
