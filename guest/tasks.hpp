// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "shared/condition.hpp"
#include "wire/program.hpp"
#include "wire/records.hpp"

/// Finds tasks in /proc, and reads each one as rarely as possible.
namespace kmodtest::guest {

/// A folder of /proc. If the pid is given to another process, that one's folder has another inode.
struct ProcessFolder {
  std::int32_t pid = 0;
  std::uint64_t inode = 0;
};

/// Returns all processes, in the order of their pids.
std::vector<ProcessFolder> list_processes();

/// Returns the most recent pid, as text: the last word of /proc/loadavg (proc_loadavg(5)).
std::string last_pid();

/// Returns true for workers of the kernel's pools: "kworker/0:1-events", "kworker/u8:2". A rescuer ("kworker/R-name")
/// belongs to a workqueue.
bool is_pool_worker(const wire::ThreadRecord &thread);

/// Finds the kernel threads, except for those that are known and the workers of the kernel's own pools, which come and
/// go on their own. Every process is read once; later only what is new and what was found before.
class KernelThreads {
 public:
  KernelThreads() = default;
  explicit KernelThreads(std::vector<wire::ThreadRecord> known) : known_(std::move(known)) {}
  KernelThreads(KernelThreads &&) = default;
  KernelThreads &operator=(KernelThreads &&) = default;

  std::vector<wire::ThreadRecord> find();

  const std::vector<wire::ThreadRecord> &known() const { return known_; }
  /// Returns the known thread in this folder; null if there is none, or if find() has not seen it.
  const wire::ThreadRecord *known_in(const ProcessFolder &folder) const;

 private:
  struct Seen {
    std::uint64_t inode = 0;
    const wire::ThreadRecord *known = nullptr;  // else a process or a worker of a pool
  };
  const wire::ThreadRecord *find_known(const wire::ThreadRecord &thread) const;

  std::vector<wire::ThreadRecord> known_;
  std::unordered_map<std::int32_t, Seen> seen_;  // what is never returned
};

/// Finds the tasks of a ps step repeatedly. It lists /proc only if there is a new process, and reads only tasks that
/// can be meant: names of kernel threads do not change, except for those of pool workers.
class ThreadSearch {
 public:
  /// `own`: processes of the agent, which have one thread each.
  ThreadSearch(const wire::ThreadCondition &condition, const KernelThreads &threads, std::vector<std::int32_t> own);
  std::vector<wire::ThreadRecord> find();

 private:
  void list_candidates();
  bool is_out(const wire::ThreadRecord &task) const;
  void find_in(const std::string &process, std::vector<wire::ThreadRecord> &found) const;

  const wire::ThreadCondition &condition_;
  const KernelThreads &threads_;
  const std::vector<std::int32_t> own_;
  const bool workers_are_meant_;
  std::unordered_map<std::int32_t, std::uint64_t> others_;  // inodes by pids
  std::vector<ProcessFolder> candidates_;
  std::string last_pid_;
};

}  // namespace kmodtest::guest
