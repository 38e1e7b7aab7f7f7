// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kmodtest::cli {

/// A guest's shell sends this after each prompt, where the typed line begins (see kPromptMark).
inline constexpr const char *kInputMark = "\033]133;B\a";

/// Keeps the lines that a user entered at the prompts of a guest's shell, including earlier sessions, because the guest
/// forgets them. It reads them from the shell's output while a line is edited. At a prompt, it handles the keys for the
/// previous and the next line (arrows, Ctrl-P, Ctrl-N): it sends the shell keys that replace its line.
class LineHistory {
 public:
  /// `saved` is text() of an earlier session.
  explicit LineHistory(std::string_view saved);

  /// Takes the output of the shell, in pieces of any size.
  void output(std::string_view bytes);
  /// Takes what the user typed, and returns what to send to the shell.
  std::string keys(std::string_view typed);
  /// Returns the latest kMostLines entries, one per line.
  std::string text() const;

  static constexpr std::size_t kMostLines = 1000;

 private:
  void take(char byte);
  void sequence_ended();
  void put(std::string_view character);
  void entered();
  std::string line() const;
  std::string recall(bool older);

  std::vector<std::string> lines_;
  std::size_t at_;     // index in lines_; its size means the line being typed
  std::string draft_;  // the line being typed, while another is shown

  std::vector<std::string> cells_;  // the characters of the line
  std::size_t cursor_ = 0;
  std::string sequence_, character_;  // incomplete ones
  bool at_prompt_ = false;
  bool known_ = false;      // the cells match what the shell shows
  bool returned_ = false;   // after a carriage return, whose meaning depends on what follows
  bool confirmed_ = false;  // the user pressed Enter
};

}  // namespace kmodtest::cli
