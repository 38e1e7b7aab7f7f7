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
  std::uint64_t start_time = 0;  ///< clock ticks since boot; pid and start time identify a process uniquely
};

/// Parses a stat line; returns nothing if it is not one. The name can contain spaces and parentheses.
std::optional<ProcessStat> parse_stat(const std::string &text);

/// Returns nothing if there is no such process.
std::optional<ProcessStat> process_stat(int pid);

/// Returns every process that is visible in our namespace.
std::vector<ProcessStat> all_processes();

/// Returns a file of /proc/PID, as far as it can be read: a process can end at any moment, and then counts as missing.
std::string read_process_file(int pid, const std::string &file);

/// Returns how long the process's most delayed thread has waited for a processor since it started. Zero if the kernel
/// does not count it. Source: /proc/PID/task/TID/schedstat, second field (scheduler/sched-stats).
std::chrono::nanoseconds kept_waiting(int pid);

/// Returns the arguments with spaces between them; empty for zombies and kernel threads.
std::string command_line(int pid);

/// Sends `signal`, then waits until the process has ended or is a zombie; reaps a zombie child. Returns false if it
/// still runs after `patience`. A pid that does not exist counts as ended.
bool end_process(int pid, std::chrono::milliseconds patience, int signal = SIGKILL);

}  // namespace kmodtest::vm
