// SPDX-License-Identifier: GPL-2.0-or-later
#include "text/utf8.hpp"

#include <gtest/gtest.h>

#include "text/escape.hpp"

namespace kmodtest::report {
namespace {

TEST(Text, CountsColumnsAsTerminalsDo) {
  EXPECT_EQ(text::columns("größe"), 5U);
  EXPECT_EQ(text::columns("e\u0301"), 1U);
  EXPECT_EQ(text::columns("模块"), 4U);
  EXPECT_EQ(text::columns("\xff\xfe"), 2U);
}

TEST(Text, CutsBetweenCharacters) {
  EXPECT_EQ(text::cut_to("module", 6), "module");
  EXPECT_EQ(text::cut_to("module", 5), "modu…");
  EXPECT_EQ(text::cut_to("模块名", 5), "模块…");
  EXPECT_EQ(text::cut_to("模块名", 4), "模…");
  EXPECT_EQ(text::cut_to("module", 0), "");
}

TEST(Text, WhatAGuestPrintsCannotSteerTheTerminal) {
  EXPECT_EQ(text::printable("a\tb\x1b[2Jc\xff\xc2\x9b"), "a       b\\x1b[2Jc\\xff\\xc2\\x9b");
  EXPECT_EQ(text::printable("\u202e"), "\\xe2\\x80\\xae");
}

TEST(Text, MalformedUtf8IsSeen) {
  for (const char *bytes : {"\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    EXPECT_FALSE(text::first_character(bytes).well_formed) << text::printable(bytes);
  }
}

TEST(Text, XmlHoldsOnlyWhatXmlAllows) {
  EXPECT_EQ(text::xml_text(std::string("a\0b\t\x1b\uffff€", 11)), "a\ufffdb\t\ufffd\ufffd€");
}

TEST(Text, ShellWordsAreQuotedWhenTheyMust) {
  EXPECT_EQ(text::shell_word("testplans/ex7_4.yaml"), "testplans/ex7_4.yaml");
  EXPECT_EQ(text::shell_word("ex7_4 [cpus=2]"), "\"ex7_4 [cpus=2]\"");
  EXPECT_EQ(text::shell_word("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(text::shell_word(""), "\"\"");
}

}  // namespace
}  // namespace kmodtest::report
