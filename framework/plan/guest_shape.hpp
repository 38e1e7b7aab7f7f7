// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plan/plan.hpp"
#include "plan/reader.hpp"

namespace kmodtest::plan {

inline constexpr int kMostCpus = 64;

/// guest.cpus: the axis. Reports numbers that no guest can have.
std::vector<int> read_cpu_axis(const Node *guest, Scope &scope);

/// The guest of a case with `cpus` CPUs; `guest` may be nullptr.
GuestShape read_guest(const Node *guest, int cpus, std::optional<std::uint32_t> memory_mib, Scope &scope);

/// That many nodes with equal shares of CPUs (the first nodes take what is over) and memory.
std::vector<NumaCell> equal_cells(int nodes, int cpus, std::uint32_t memory_mib);

}  // namespace kmodtest::plan
