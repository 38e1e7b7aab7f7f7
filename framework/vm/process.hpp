// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Processes as /proc shows them.
namespace kmodtest::vm {

/// A part of /proc/PID/stat. Source: proc(5).
struct ProcessStat {
  int pid = 0;
  std::string name;  ///< at most 15 characters
  char state = '?';  ///< Z: zombie
  int parent = 0;
  int session = 0;
  std::uint64_t start_time = 0;  ///< clock ticks since boot; with the pid it names one process for ever
};

/// Nothing when the text is no stat line. The name may hold spaces and parentheses.
std::optional<ProcessStat> parse_stat(const std::string &text);

/// Nothing when there is no such process.
std::optional<ProcessStat> process_stat(int pid);

/// Every process that this one's namespace shows.
std::vector<ProcessStat> all_processes();

/// A file of /proc/PID, as far as it can be read: a process may end at any moment, and is then as good as none.
std::string read_process_file(int pid, const std::string &file);

/// How long the thread of the process that lacked a processor longest was kept from one by others, since it began. Zero
/// where the kernel does not count it. Source: /proc/PID/task/TID/schedstat, second field (scheduler/sched-stats).
std::chrono::nanoseconds kept_waiting(int pid);

/// The arguments with spaces between; empty for zombies and kernel threads.
std::string command_line(int pid);

/// Sends `signal`, then waits until the process is gone or a zombie; a zombie of ours is reaped. False when it still
/// runs after `patience`. A pid that does not exist is gone already.
bool end_process(int pid, std::chrono::milliseconds patience, int signal = SIGKILL);

}  // namespace kmodtest::vm
