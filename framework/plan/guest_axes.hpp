// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/guest_limits.hpp"
#include "plan/plan.hpp"
#include "plan/reader.hpp"
#include "plan/values.hpp"

/// What of a guest may be an axis of the matrix: its CPUs (a number of them or a topology) and its NUMA nodes.
namespace kmodtest::plan {

inline constexpr int kMostCpus = base::kMostGuestCpus;
inline constexpr int kMostNodes = 16;

/// One layout of NUMA nodes.
struct NumaLayout {
  std::string text;            ///< as a case's id shows it; empty: `numa` is no axis of this plan
  const Node *node = nullptr;  ///< where it stands; nullptr: nowhere, the guest has one node
  int nodes = 1;               ///< 0: not known before the variables of a case are
};

/// The axes that `guest` has. Never empty, whatever is wrong with the plan.
struct GuestAxes {
  std::vector<CpuLayout> cpus;
  std::vector<NumaLayout> numa;
  bool known = true;  ///< false: what was written could not be read, and `cpus` is made up
};

/// Reads guest.cpus, guest.topology and guest.numa, or what the command line has instead. Reports numbers that no
/// guest can have.
GuestAxes read_guest_axes(const Node *guest, const Overrides &overrides, Scope &scope);

/// "2x16x2": sockets, cores of each, threads of each core.
Value<CpuLayout> parse_topology(std::string_view text);

/// "0-1/2-3" or "0-1:128M/2-3:256M": the nodes' CPUs and memory. A node without CPUs has memory only; memory that is
/// not said for any is shared out equally. The CPUs and the sum of the memory are not looked at.
Value<std::vector<NumaCell>> parse_numa(std::string_view text, std::uint32_t memory_mib);

/// That many nodes with equal shares of CPUs (the first nodes take what is over) and memory.
std::vector<NumaCell> equal_cells(int nodes, int cpus, std::uint32_t memory_mib);

/// The same text of cells, memory included.
std::string format_numa(const std::vector<NumaCell> &cells);

/// That much memory in `nodes` parts, the first of which take what is over.
std::uint32_t share_of(std::uint32_t memory_mib, int node, int nodes);

/// ${sockets}, ${cores}, ${threads} and ${nodes} of a guest.
std::vector<std::pair<std::string, std::string>> shape_variables(const GuestShape &shape);

}  // namespace kmodtest::plan
