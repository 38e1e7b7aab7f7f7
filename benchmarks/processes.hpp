// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

/// Other processes, as proc(5) shows them.
namespace kmodtest::bench {

/// The most resident memory that the process ever had so far (VmHWM), in KiB; 0 when it is gone.
long peak_kib_of(pid_t pid);

/// The process's memory in KiB, what it shares with others divided by their number (Pss of smaps_rollup). Nothing when
/// the process is gone or may not be looked at.
std::optional<long> pss_kib_of(pid_t pid);

/// The QEMUs whose parent is this process. kmodtest is the parent of its guests.
std::vector<pid_t> emulators_of(pid_t controller);

/// Those of which an argument holds this folder's path; zombies have no arguments.
std::vector<pid_t> processes_in(const std::filesystem::path &folder);

}  // namespace kmodtest::bench
