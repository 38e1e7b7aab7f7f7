// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plan/guest_axes.hpp"
#include "plan/plan.hpp"
#include "plan/reader.hpp"

namespace kmodtest::plan {

/// Returns the guest of a case with these CPUs and nodes; `guest` can be nullptr. Puts into `needs` the options that
/// its kernel must have been built with.
GuestShape read_guest(const Node *guest, const CpuLayout &cpus, const NumaLayout &numa, const Overrides &overrides,
                      Scope &scope, std::vector<Need> &needs);

/// Adds words to the kernel's command line.
void add_words(const std::vector<std::string> &words, GuestShape &shape);

}  // namespace kmodtest::plan
