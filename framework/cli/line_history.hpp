// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kmodtest::cli {

/// What a guest's shell sends behind each of its prompts, where the typed line begins (see kPromptMark).
inline constexpr const char *kInputMark = "\033]133;B\a";

/// The lines that a user entered at the prompts of a guest's shell, of earlier sessions too, since the guest forgets.
/// It reads them off what the shell shows of the line that it edits. At a prompt the keys for the line before and the
/// one after (arrows, Ctrl-P, Ctrl-N) are answered from here: the shell is made to take the line instead of its own.
class LineHistory {
 public:
  /// `saved` is what text() gave, of an earlier session.
  explicit LineHistory(std::string_view saved);

  /// What the shell writes, in pieces of any size.
  void output(std::string_view bytes);
  /// What the user typed: what the shell is given.
  std::string keys(std::string_view typed);
  /// One line each, the latest kMostLines.
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
  std::size_t at_;     // in lines_; its size: the line that was being typed
  std::string draft_;  // that one, while another is shown

  std::vector<std::string> cells_;  // the characters of the line
  std::size_t cursor_ = 0;
  std::string sequence_, character_;  // incomplete ones
  bool at_prompt_ = false;
  bool known_ = false;      // the cells are what the shell shows
  bool returned_ = false;   // a carriage return came: what comes next tells what it meant
  bool confirmed_ = false;  // the user pressed Enter
};

}  // namespace kmodtest::cli
