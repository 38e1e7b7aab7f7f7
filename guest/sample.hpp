// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "wire/message.hpp"
#include "wire/program.hpp"
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

/// Returns true for workers of the kernel's pools: "kworker/0:1-events", "kworker/u8:2". A rescuer ("kworker/R-name")
/// belongs to a workqueue.
bool is_pool_worker(const wire::ThreadRecord &thread);

/// Returns all kernel threads except for `known` and the workers of the kernel's own pools, which come and go on their
/// own.
std::vector<wire::ThreadRecord> list_kernel_threads(const std::vector<wire::ThreadRecord> &known = {});

/// Returns modules, taint and the kernel threads except for `known`. The caller adds the entries of /proc, /sys and
/// /dev.
wire::Inventory list_kernel_state(const std::vector<wire::ThreadRecord> &known = {});

/// Finds the tasks of a ps step repeatedly. Remembers the other kernel threads: their names do not change, so a
/// repeated search costs little more than listing /proc.
class ThreadSearch {
 public:
  explicit ThreadSearch(const wire::ThreadCondition &condition) : condition_(condition) {}
  std::vector<wire::ThreadRecord> find();

 private:
  const wire::ThreadCondition &condition_;
  std::unordered_set<int> others_;
};

}  // namespace kmodtest::guest
