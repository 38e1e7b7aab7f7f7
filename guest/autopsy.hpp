// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "wire/records.hpp"

/// What the guest is busy with when a deadline has passed.
namespace kmodtest::guest {

/// The tasks that may have to do with it, with their kernel stacks: `caller`, all that sleep without being
/// interruptible, kernel threads that are not among `known`, and whoever has a frame in one of the `modules`.
std::vector<wire::TaskStack> list_stuck_tasks(std::int32_t caller, const std::vector<wire::ThreadRecord> &known,
                                              const std::vector<std::string> &modules);

/// Has the kernel write into its log what each CPU does, where one of these tasks runs, and where the blocked ones are,
/// where one of these is blocked (kernel: Documentation/admin-guide/sysrq.rst, l and w).
void ask_kernel_for_traces(const std::vector<wire::TaskStack> &tasks);

}  // namespace kmodtest::guest
