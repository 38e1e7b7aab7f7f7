// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace kmodtest::report {

/// The lines at the bottom of a terminal that are drawn again and again. Makes the control sequences, writes nothing.
class Footer {
 public:
  explicit Footer(int width) : width_(width) {}

  /// From the drawn footer to this one. Lines are overwritten in place, so that nothing flickers; each is cut one
  /// column short of the width, where terminals would begin to wrap.
  std::string redraw(const std::vector<std::string> &lines);

  /// Takes the footer away; the cursor stands where it began.
  std::string erase();

 private:
  std::string to_top() const;

  int width_;
  std::size_t drawn_ = 0;
};

}  // namespace kmodtest::report
