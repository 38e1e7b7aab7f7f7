// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kmodtest::observe {

/// A piece of memory that nothing points to any more, as kmemleak found it.
struct UnreferencedObject {
  /// A function that was running when the object was allocated, the innermost first.
  struct Frame {
    std::string place;          ///< "kmalloc_trace+0x26"; empty for code that is not loaded any more
    std::string module;         ///< of the place; empty for the kernel itself
    std::uint64_t address = 0;  ///< if there is no place
    bool operator==(const Frame &) const = default;
  };

  std::uint64_t bytes = 0;
  std::string task;  ///< "insmod"
  std::vector<Frame> frames;
  std::vector<std::string> lines;  ///< as kmemleak wrote them
};

/// Reads the content of /sys/kernel/debug/kmemleak. Leaves out what it does not understand, such as an object that is
/// cut off at the end. Source: kernel, mm/kmemleak.c, print_unreferenced().
std::vector<UnreferencedObject> parse_kmemleak(std::string_view text);

}  // namespace kmodtest::observe
