// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plan/guest_axes.hpp"
#include "plan/reader.hpp"

/// The variables of `matrix` and their values, guest by guest.
namespace kmodtest::plan {

/// The variable of guest.preempt, if it is an axis.
inline constexpr const char *kPreemptAxis = "preempt";

/// A variable.
struct Axis {
  const Node *name = nullptr;
  std::vector<const Node *> values;  ///< scalars
};

/// Reads `matrix`, and guest.preempt if it is an axis; `axes` are the others of the guest, whose names are taken.
std::vector<Axis> read_matrix(const Node &root, const GuestAxes &axes, Scope &scope);

/// Returns guest.preempt as an axis; nothing if it does not list several models. `guest` can be nullptr.
std::optional<Axis> preempt_axis(const Node *guest);

/// Returns the largest number of values that an axis can have for a guest: "each" is one for each CPU, "each node" one
/// for each NUMA node.
std::size_t most_values(const Axis &axis, const CpuLayout &cpus, const NumaLayout &numa);

/// Returns the values of an axis for a guest: resolves "first", "last", "each" and the corresponding words for nodes,
/// and drops duplicates.
std::vector<std::string> values_of(const Axis &axis, const CpuLayout &cpus, const NumaLayout &numa, Scope &scope);

/// Returns a case's values of kernel and guest, before those of `matrix`: cpus, and topology and numa if they are axes.
std::vector<std::pair<std::string, std::string>> guest_point(const CpuLayout &cpus, const NumaLayout &numa);

}  // namespace kmodtest::plan
