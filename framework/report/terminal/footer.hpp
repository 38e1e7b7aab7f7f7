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

/// The lines at the bottom of a terminal that are drawn again and again. Makes the control sequences, writes nothing.
/// Between two drawings the cursor stands where the footer begins. So whatever a terminal does to the lines when it
/// gets another size, it carries the place along from which all is to be drawn anew.
class Footer {
 public:
  /// From the drawn footer to this one, of lines that are printable but for colours. Lines are overwritten in place, so
  /// that nothing flickers; each is cut one column short of the width, where terminals would begin to wrap. One row at
  /// least is left to what stands above.
  std::string redraw(const std::vector<std::string> &lines, TerminalSize size);

  /// Takes the footer away; the cursor stands where it began.
  std::string erase();

 private:
  bool drawn_ = false;
};

}  // namespace kmodtest::report
