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

/// What there is at this moment: records from /proc and /sys.
namespace kmodtest::guest {

wire::AgentInfo describe_guest();

/// /proc/sys/kernel/tainted.
std::uint64_t read_taint();

/// All of /proc/modules, in its order.
std::vector<wire::ModuleRecord> list_modules();

/// `folder` is "/proc/PID" or "/proc/PID/task/TID". Nothing when the task has ended.
std::optional<wire::ThreadRecord> read_task(const std::string &folder);

/// Workers of the kernel's pools: "kworker/0:1-events", "kworker/u8:2". A rescuer ("kworker/R-name") belongs to a
/// workqueue that somebody made.
bool is_pool_worker(const wire::ThreadRecord &thread);

/// All kernel threads but those of `known` and the workers of the kernel's own pools, which come and go by themselves.
std::vector<wire::ThreadRecord> list_kernel_threads(const std::vector<wire::ThreadRecord> &known = {});

/// Modules, taint and the kernel threads but those of `known`. The entries of /proc, /sys and /dev are left to the
/// caller.
wire::Inventory list_kernel_state(const std::vector<wire::ThreadRecord> &known = {});

/// Finds the tasks that a ps step means, again and again. Remembers the kernel threads that are not meant: their names
/// do not change, so that a repeated search costs little more than the listing of /proc.
class ThreadSearch {
 public:
  explicit ThreadSearch(const wire::ThreadCondition &condition) : condition_(condition) {}
  std::vector<wire::ThreadRecord> find();

 private:
  const wire::ThreadCondition &condition_;
  std::unordered_set<int> others_;
};

}  // namespace kmodtest::guest
