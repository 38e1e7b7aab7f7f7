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

/// The properties of a guest that can be axes of the matrix: its CPUs (a number of them or a topology) and its NUMA
/// nodes.
namespace kmodtest::plan {

inline constexpr int kMostCpus = base::kMostGuestCpus;
inline constexpr int kMostNodes = 16;

/// A layout of NUMA nodes.
struct NumaLayout {
  std::string text = {};       ///< as a case's id shows it; empty if `numa` is not an axis of this plan
  const Node *node = nullptr;  ///< its place in the plan; nullptr: none, the guest has one node
  int nodes = 1;               ///< 0: not known before the variables of a case are
};

/// The axes that `guest` has. Never empty, even if the plan has errors.
struct GuestAxes {
  std::vector<CpuLayout> cpus;
  std::vector<NumaLayout> numa;
  bool known = true;  ///< false: the plan's value could not be read, and `cpus` is made up
};

/// Reads guest.cpus, guest.topology and guest.numa, or what the command line has instead. Reports numbers that no guest
/// can have.
GuestAxes read_guest_axes(const Node *guest, const Overrides &overrides, Scope &scope);

/// Parses "2x16x2": sockets, cores of each, threads of each core.
Value<CpuLayout> parse_topology(std::string_view text);

/// Parses "0-1/2-3" or "0-1:128M/2-3:256M": the nodes' CPUs and memory. A node without CPUs has memory only. Without
/// any amounts, the nodes share the memory equally. Does not check the CPUs and the sum of the memory.
Value<std::vector<NumaCell>> parse_numa(std::string_view text, std::uint32_t memory_mib);

/// Returns `nodes` nodes with equal shares of CPUs and memory; the first nodes get the remainders.
std::vector<NumaCell> equal_cells(int nodes, int cpus, std::uint32_t memory_mib);

/// Returns the text that parse_numa() reads, memory included.
std::string format_numa(const std::vector<NumaCell> &cells);

/// Returns one node's share of the memory; the first nodes get the remainder.
std::uint32_t share_of(std::uint32_t memory_mib, int node, int nodes);

/// Returns ${sockets}, ${cores}, ${threads} and ${nodes} of a guest.
std::vector<std::pair<std::string, std::string>> shape_variables(const GuestShape &shape);

}  // namespace kmodtest::plan
