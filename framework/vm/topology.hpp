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

/// The spec's sockets, cores and threads with the gaps filled in: threads and sockets default to 1, cores to what makes
/// the product equal `cpus`. Throws base::UsageError when no whole number does.
Topology topology_of(const GuestSpec &spec);

/// Throws base::UsageError that names what is impossible: CPUs or memory out of range, a topology that does not
/// multiply to the CPUs, NUMA cells whose CPUs are not each CPU once or whose memory does not sum up to the guest's.
void check(const GuestSpec &spec);

}  // namespace kmodtest::vm
