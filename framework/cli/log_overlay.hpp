// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

namespace kmodtest::cli {

/// A guest's shell sends this before each prompt, so that prompts can be recognised. Source: the "OSC 133" marks of
/// shell integration, which terminals ignore.
inline constexpr const char *kPromptMark = "\033]133;A\a";

/// Returns whether an escape sequence that begins with ESC is complete. Source: ECMA-48.
bool sequence_is_complete(std::string_view sequence);

/// Inserts lines of the kernel log into the output of a shell on a terminal, without disturbing what is being typed. A
/// line appears above the current one, which is written again below it. When that is impossible (a line longer than a
/// row, a program that moves over the screen), lines wait. Source for the sequences: ECMA-48.
class LogOverlay {
 public:
  LogOverlay(std::size_t columns, bool color) : columns_(columns), color_(color) {}

  void resize(std::size_t columns) { columns_ = columns; }
  /// Takes output of the shell, and returns what to write to the terminal.
  std::string output(std::string_view bytes);
  /// Takes a line of the log, and returns what to write to the terminal now.
  std::string line(const std::string &text);
  /// Returns the waiting lines, and sequences that reset the terminal if a program left it in another state.
  std::string finish();

 private:
  static constexpr std::size_t kMostWaiting = 1000;
  static constexpr std::size_t kLongestLine = 4096;  ///< bytes of the current line, including its sequences

  bool may_show() const { return !wandering_ && present_.size() < kLongestLine && widest_ < columns_; }
  std::string show_waiting();
  void take(char byte, std::string &out);
  void sequence_ended(std::string &out);
  void new_line();

  std::size_t columns_;
  bool color_;
  std::string present_;   // the line of the cursor, as it was written
  std::string sequence_;  // an incomplete escape sequence
  std::size_t column_ = 0, widest_ = 0;
  bool wandering_ = false;  // the cursor was moved away from the line
  bool other_screen_ = false;
  std::deque<std::string> waiting_;
  std::size_t left_out_ = 0;
};

}  // namespace kmodtest::cli
