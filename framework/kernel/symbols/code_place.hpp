// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace kmodtest::kernel {

/// A place in code as the kernel prints it: "ex_fault_write+0x1c/0x40".
struct CodePlace {
  std::string function;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;  ///< of the function; 0 if not known

  std::string str() const;
  bool operator==(const CodePlace &) const = default;
};

}  // namespace kmodtest::kernel
