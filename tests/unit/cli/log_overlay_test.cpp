// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/log_overlay.hpp"

#include <gtest/gtest.h>

namespace kmodtest::cli {
namespace {

const std::string kShellPrompt = std::string(kPromptMark) + "guest:/ # ";

TEST(LogOverlay, PassesTheShellOn) {
  LogOverlay overlay(80, true);
  const std::string bytes = kShellPrompt + "ls\r\n\033[1;34mbin\033[0m\r\n" + kShellPrompt;
  std::string out;
  for (const char byte : bytes) out += overlay.output(std::string_view(&byte, 1));
  EXPECT_EQ(out, bytes);
}

TEST(LogOverlay, ALineStandsAboveWhatIsBeingTyped) {
  LogOverlay overlay(80, true);
  overlay.output(kShellPrompt + "ls -");
  EXPECT_EQ(overlay.line("[    1.0] hello"), "\r\033[K\033[2m[    1.0] hello\033[0m\r\nguest:/ # ls -");
}

TEST(LogOverlay, WhatWasEditedIsEditedAnewWithoutAskingTheTerminalAgain) {
  LogOverlay overlay(80, false);
  overlay.output("\033[6n" + kShellPrompt + "lss\b\033[J");
  EXPECT_EQ(overlay.line("hello"), "\r\033[Khello\r\nguest:/ # lss\b\033[J");
}

TEST(LogOverlay, AtTheStartOfALineNothingIsWrittenAnew) {
  LogOverlay overlay(80, false);
  overlay.output("done\r\n");
  EXPECT_EQ(overlay.line("hello"), "\r\033[Khello\r\n");
}

TEST(LogOverlay, WaitsWhereTheLineFillsARow) {
  LogOverlay overlay(20, false);
  overlay.output(kShellPrompt + "0123456789");
  EXPECT_EQ(overlay.line("one"), "");
  EXPECT_EQ(overlay.line("two"), "");
  EXPECT_EQ(overlay.output("\r\nout\r\n"), "\r\none\r\ntwo\r\nout\r\n");
}

TEST(LogOverlay, WaitsForThePromptAfterAProgramThatMovesOverTheScreen) {
  LogOverlay overlay(80, false);
  overlay.output("\033[H\033[Jtop\r\n");
  EXPECT_EQ(overlay.line("one"), "");
  EXPECT_EQ(overlay.output("cpu 1\r\n"), "cpu 1\r\n");
  EXPECT_EQ(overlay.output(kShellPrompt), "\r\none\r\n" + kShellPrompt);
  EXPECT_EQ(overlay.line("two"), "\r\033[Ktwo\r\nguest:/ # ");
}

TEST(LogOverlay, WaitsForTheEndOfASequence) {
  LogOverlay overlay(80, false);
  EXPECT_EQ(overlay.output("a\033[1"), "a");
  EXPECT_EQ(overlay.line("one"), "");
  EXPECT_EQ(overlay.output("mb\r\n"), "\033[1mb\r\none\r\n");
}

TEST(LogOverlay, ALogCannotSteerTheTerminal) {
  LogOverlay overlay(80, false);
  EXPECT_EQ(overlay.line("a\033[2Jb"), "\r\033[Ka\\x1b[2Jb\r\n");
}

TEST(LogOverlay, AFloodIsBounded) {
  LogOverlay overlay(80, false);
  overlay.output("\033[H");
  for (int i = 0; i < 1005; ++i) overlay.line(std::to_string(i));
  const std::string out = overlay.output(kShellPrompt);
  EXPECT_EQ(out.substr(0, out.find("\r\n6\r\n")), "\r\n… 5 lines of the kernel log left out\r\n5");
}

TEST(LogOverlay, AtTheEndTheTerminalIsPutRightAndNothingIsLost) {
  LogOverlay overlay(80, false);
  overlay.output("\033[?1049h\033[3;4Hvi");
  overlay.line("one");
  EXPECT_EQ(overlay.finish(), "\033[?1049l\033[0m\033[?25h\r\none\r\n");
  LogOverlay at_prompt(80, false);
  at_prompt.output(kShellPrompt);
  EXPECT_EQ(at_prompt.finish(), "\r\n");
}

}  // namespace
}  // namespace kmodtest::cli
