// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kmodtest::observe {

/// Two accesses of the modules to the same memory that can happen at the same time: a data race.
struct Race {
  std::string where;                  ///< "adds (ex.c:31) and reads (ex.c:47)"
  std::string module;                 ///< of the first access
  std::vector<std::string> lines;     ///< both accesses, each with its stack
  std::optional<std::uint32_t> step;  ///< index into the guest's program: the last one that had started
  bool frees = false;                 ///< one of both frees the memory
  bool operator==(const Race &) const = default;
};

/// What is known of a case's data races.
struct RacesSeen {
  std::vector<Race> races;         ///< each pair of places once, in the order in which they were found
  std::vector<std::string> notes;  ///< what could not be decided: "…, whose source cannot be read"
  bool operator==(const RacesSeen &) const = default;
};

}  // namespace kmodtest::observe
