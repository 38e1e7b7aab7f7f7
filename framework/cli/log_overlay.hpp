// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

namespace kmodtest::cli {

/// What a guest's shell sends before each of its prompts, so that we know one. Source: the "OSC 133" marks of shell
/// integration, which terminals pass over in silence.
inline constexpr const char *kPromptMark = "\033]133;A\a";

/// Of an escape sequence that begins with ESC: whether its last byte is there. Source: ECMA-48.
bool sequence_is_complete(std::string_view sequence);

/// Puts lines of the kernel log between what a shell writes to a terminal, without touching what is being typed: the
/// line stands above the present one, which is written anew below it. Where that cannot be done (a line that fills more
/// than a row, a program that moves over the screen), lines wait. Sequences followed: ECMA-48.
class LogOverlay {
 public:
  LogOverlay(std::size_t columns, bool color) : columns_(columns), color_(color) {}

  void resize(std::size_t columns) { columns_ = columns; }
  /// The shell's bytes: what to write to the terminal.
  std::string output(std::string_view bytes);
  /// A line of the log: what to write to the terminal now.
  std::string line(std::string text);
  /// The lines that still wait, and what puts a terminal right that a program left in its own ways.
  std::string finish();

 private:
  static constexpr std::size_t kMostWaiting = 1000;
  static constexpr std::size_t kLongestLine = 4096;  ///< bytes of the present line, its sequences included

  bool may_show() const { return !wandering_ && present_.size() < kLongestLine && widest_ < columns_; }
  std::string show_waiting();
  void take(char byte, std::string &out);
  void sequence_ended(std::string &out);
  void new_line();

  std::size_t columns_;
  bool color_;
  std::string present_;   // the line that the cursor is in, as it was written
  std::string sequence_;  // an escape sequence that is not complete
  std::size_t column_ = 0, widest_ = 0;
  bool wandering_ = false;  // the cursor was moved away from the line
  bool other_screen_ = false;
  std::deque<std::string> waiting_;
  std::size_t left_out_ = 0;
};

}  // namespace kmodtest::cli
