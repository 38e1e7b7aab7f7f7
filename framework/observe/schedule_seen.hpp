// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "wire/schedule_memory.hpp"

namespace kmodtest::observe {

/// What the library in QEMU saw of a case with a schedule.
struct ScheduleSeen {
  std::uint64_t instructions = 0;  ///< of modules
  std::uint64_t switches = 0;      ///< between the threads that executed them
  std::uint64_t interleaving = 0;  ///< a digest of these switches
  std::vector<wire::PointSeen> points;
  std::vector<wire::ThreadSeen> threads;
  std::vector<wire::CodeSeen> code;  ///< in the order of the first executions
  std::vector<wire::Traced> trace;
};

}  // namespace kmodtest::observe
