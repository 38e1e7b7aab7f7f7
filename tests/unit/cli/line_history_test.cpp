// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/line_history.hpp"

#include <gtest/gtest.h>

#include "cli/log_overlay.hpp"

namespace kmodtest::cli {
namespace {

/// The prompt of busybox's ash.
const std::string kPrompt = std::string("\r") + kPromptMark + "guest:/ # " + kInputMark;

/// Plays a shell that shows the keys that it gets, and accepts the line at Enter.
void enter(LineHistory &history, const std::string &line) {
  history.output(kPrompt + "\033[6n");
  history.output(history.keys(line));
  EXPECT_EQ(history.keys("\r"), "\r");
  history.output("\r\n");
}

TEST(LineHistory, KeepsWhatWasEnteredAndGivesItBack) {
  LineHistory history("");
  enter(history, "insmod x.ko");
  history.output("loaded\r\n");
  enter(history, "rmmod x");
  EXPECT_EQ(history.text(), "insmod x.ko\nrmmod x\n");
  history.output(kPrompt + "dra");
  EXPECT_EQ(history.keys("\033[A"), "\x05\x15rmmod x");
  EXPECT_EQ(history.keys("\x10"), "\x05\x15insmod x.ko");
  EXPECT_EQ(history.keys("\033[A"), "");
  EXPECT_EQ(history.keys("\033OB"), "\x05\x15rmmod x");
  EXPECT_EQ(history.keys("\x0e"),
            "\x05\x15"
            "dra");
  EXPECT_EQ(history.keys("\033[B"), "");
}

TEST(LineHistory, OfEarlierSessionsToo) {
  LineHistory history("one\ntwo\n");
  history.output(kPrompt);
  EXPECT_EQ(history.keys("\033[A\033[A"), "\x05\x15two\x05\x15one");
  EXPECT_EQ(history.text(), "one\ntwo\n");
}

TEST(LineHistory, ReadsTheLineAsItWasEdited) {
  LineHistory history("");
  history.output(kPrompt + "lss\b\033[J -al\b\bxl\033[1D\033[1C");
  history.keys("\r");
  history.output("\r\n");
  EXPECT_EQ(history.text(), "ls -xl\n");
  // Written again after a list of completions, in pieces.
  history.output(kPrompt + "echo gr");
  history.keys("\t");
  history.output("\r\ngreen  grey\r\n" + kPrompt + "echo gr");
  for (const char byte : std::string("\xc3\xbc\xc3\x9f")) history.output(std::string_view(&byte, 1));
  history.keys("\r");
  history.output("\r\n");
  EXPECT_EQ(history.text(), "ls -xl\necho gr\xc3\xbc\xc3\x9f\n");
}

TEST(LineHistory, LeavesOutWhatNobodyWantsAgain) {
  LineHistory history("");
  for (const char *line : {"ls", "ls", "", "  ", " secret"}) enter(history, line);
  history.output(kPrompt + "half a li");
  history.keys("\x03");
  history.output("^C\r\n");
  EXPECT_EQ(history.text(), "ls\n");
}

TEST(LineHistory, LeavesTheKeysToProgramsAndToLinesThatItCannotRead) {
  LineHistory history("one\n");
  EXPECT_EQ(history.keys("\033[A"), "\033[A") << "no prompt yet";
  enter(history, "vi x");
  EXPECT_EQ(history.keys("\033[A"), "\033[A") << "the program's";
  history.output(kPrompt + "a long line that goes on in the next row\033[A");
  EXPECT_EQ(history.keys("\033[A"), "\033[A");
  history.keys("\r");
  history.output("\r\n");
  EXPECT_EQ(history.text(), "one\nvi x\n");
}

TEST(LineHistory, IsBounded) {
  LineHistory history("");
  for (std::size_t i = 0; i <= LineHistory::kMostLines; ++i) enter(history, "echo " + std::to_string(i));
  EXPECT_EQ(history.text().substr(0, 7), "echo 1\n");
}

}  // namespace
}  // namespace kmodtest::cli
