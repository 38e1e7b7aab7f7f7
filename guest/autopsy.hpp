// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "wire/records.hpp"

/// Finds out what the guest is busy with when a deadline has passed.
namespace kmodtest::guest {

/// Returns the tasks that could be involved, with their kernel stacks: `caller`, all uninterruptible sleepers, kernel
/// threads that are not among `known`, and every task with a frame in one of the `modules`.
std::vector<wire::TaskStack> list_stuck_tasks(std::int32_t caller, const std::vector<wire::ThreadRecord> &known,
                                              const std::vector<std::string> &modules);

/// Makes the kernel log what each CPU does if one of these tasks runs, and where the blocked ones are if one of these
/// is blocked (kernel: Documentation/admin-guide/sysrq.rst, l and w).
void ask_kernel_for_traces(const std::vector<wire::TaskStack> &tasks);

}  // namespace kmodtest::guest
