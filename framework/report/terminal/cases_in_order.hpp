// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace kmodtest::report {

/// Holds back the lines of a case until the cases before it are complete.
class CasesInOrder {
 public:
  /// Adds lines of the case with this number; `whole` marks its last ones. Returns the text to print now.
  std::string add(std::size_t number, const std::string &text, bool whole);
  /// Returns the text that is still held, in the order of the cases.
  std::string rest() const;

 private:
  struct Held {
    std::string text;
    bool whole = false;
  };

  std::size_t next_ = 0;              ///< number of the case that is to be printed next
  std::map<std::size_t, Held> held_;  ///< by outcome::CaseFinished::number
};

}  // namespace kmodtest::report
