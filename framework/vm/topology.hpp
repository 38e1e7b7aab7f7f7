// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/guest_limits.hpp"
#include "vm/guest.hpp"

namespace kmodtest::vm {

inline constexpr int kMaxCpus = base::kMostGuestCpus;
inline constexpr std::uint32_t kMinMemoryMib = base::kLeastGuestMemoryMib;
inline constexpr std::uint32_t kMaxMemoryMib = base::kMostGuestMemoryMib;

struct Topology {
  int sockets = 1;
  int cores = 1;
  int threads = 1;
  bool operator==(const Topology &) const = default;
};

/// Returns the spec's sockets, cores and threads with the missing values filled in: threads and sockets default to 1,
/// cores to the value that makes the product equal `cpus`. Throws base::UsageError if no whole number does.
Topology topology_of(const GuestSpec &spec);

/// Throws base::UsageError that names what is impossible: CPUs or memory out of range, a topology whose product is not
/// the number of CPUs, NUMA cells that do not have each CPU exactly once or whose memory does not add up to the
/// guest's.
void check(const GuestSpec &spec);

}  // namespace kmodtest::vm
