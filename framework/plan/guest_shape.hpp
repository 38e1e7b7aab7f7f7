// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>

#include "plan/guest_axes.hpp"
#include "plan/plan.hpp"
#include "plan/reader.hpp"

namespace kmodtest::plan {

/// Returns the guest of a case with these CPUs and nodes; `guest` can be nullptr.
GuestShape read_guest(const Node *guest, const CpuLayout &cpus, const NumaLayout &numa,
                      std::optional<std::uint32_t> memory_mib, Scope &scope);

}  // namespace kmodtest::plan
