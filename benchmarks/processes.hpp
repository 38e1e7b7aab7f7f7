// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

/// Other processes, as proc(5) shows them.
namespace kmodtest::bench {

/// Returns the peak resident memory of the process so far (VmHWM), in KiB; 0 if it has ended.
long peak_kib_of(pid_t pid);

/// Returns the process's memory in KiB, in which shared pages are divided by the number of processes (Pss of
/// smaps_rollup). Nothing if the process has ended or cannot be inspected.
std::optional<long> pss_kib_of(pid_t pid);

/// Returns the QEMUs whose parent is this process. kmodtest is the parent of its guests.
std::vector<pid_t> emulators_of(pid_t controller);

/// Returns the processes that have this folder's path in an argument; zombies have no arguments.
std::vector<pid_t> processes_in(const std::filesystem::path &folder);

}  // namespace kmodtest::bench
