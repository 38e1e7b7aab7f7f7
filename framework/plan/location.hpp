// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace kmodtest::plan {

/// The place of a node in a plan; line and column count from 1 (0: not from a file).
struct Location {
  std::string file;
  int line = 0;
  int column = 0;

  std::string str() const;  ///< "file:line:column"
  bool operator==(const Location &) const = default;
};

}  // namespace kmodtest::plan
