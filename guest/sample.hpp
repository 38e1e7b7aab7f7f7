// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tasks.hpp"
#include "wire/message.hpp"
#include "wire/records.hpp"

/// Samples of the present state: records from /proc and /sys.
namespace kmodtest::guest {

wire::AgentInfo describe_guest();

/// Reads /proc/sys/kernel/tainted.
std::uint64_t read_taint();

/// Returns all of /proc/modules, in its order.
std::vector<wire::ModuleRecord> list_modules();

/// Reads a task; `folder` is "/proc/PID" or "/proc/PID/task/TID". Returns nothing if the task has ended.
std::optional<wire::ThreadRecord> read_task(const std::string &folder);

/// Does the same for a task whose `stat` was read already.
std::optional<wire::ThreadRecord> read_thread(const std::string &folder, const std::string &stat);

/// Returns modules, taint and the kernel threads that `threads` finds. The caller adds the entries of /proc, /sys and
/// /dev.
wire::Inventory list_kernel_state(KernelThreads &threads);

}  // namespace kmodtest::guest
