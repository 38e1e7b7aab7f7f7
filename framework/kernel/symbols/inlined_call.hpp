// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

namespace kmodtest::kernel {

/// A call in a function's own lines that the compiler has inlined.
struct InlinedCall {
  int line = 0;                    ///< of the call
  std::vector<std::string> names;  ///< of the called function, and of those inlined into it
  bool operator==(const InlinedCall &) const = default;
};

}  // namespace kmodtest::kernel
