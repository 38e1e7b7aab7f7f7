// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

namespace kmodtest::report {

/// Columns and rows of a terminal.
struct TerminalSize {
  int columns = 80;
  int rows = 24;
};

/// The lines at the bottom of a terminal that are redrawn again and again. Makes the control sequences, writes nothing.
/// Between two redraws the cursor is where the footer begins. So when the terminal is resized and moves its lines, the
/// cursor moves along with them.
class Footer {
 public:
  /// Returns the sequence from the drawn footer to this one. The lines must be printable, except for colours. They are
  /// overwritten in place, so that nothing flickers. Each is cut one column short of the width, where terminals would
  /// begin to wrap. At least one row is left for the output above.
  std::string redraw(const std::vector<std::string> &lines, TerminalSize size);

  /// Returns the sequence that removes the footer; the cursor is then where it began.
  std::string erase();

 private:
  bool drawn_ = false;
};

}  // namespace kmodtest::report
