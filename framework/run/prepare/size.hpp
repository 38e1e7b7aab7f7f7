// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "kernel/modules/module_info.hpp"
#include "run/prepare/prepare.hpp"

namespace kmodtest::run {

/// Makes the memory that host and guest share as large as the files of a case need, up to
/// wire::kLargestSharedMemoryBytes.
void choose_shared_memory(Prepared &prepared);

/// Finds that the files of a case are too large for the memory that host and guest share, or for the guest's memory:
/// nothing needs to be started to know that.
std::optional<kernel::PreflightFinding> find_too_large(const Prepared &prepared);

}  // namespace kmodtest::run
