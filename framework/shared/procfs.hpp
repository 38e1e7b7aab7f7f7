// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/records.hpp"

/// Parsers of the files in /proc (man 5 proc). Used in the guest too: they throw nothing.
namespace kmodtest::shared {

/// Parses the texts of /proc/PID/stat, /proc/PID/status, /proc/PID/comm (can be empty) and /proc/PID/wchan (can be
/// empty). The name in `stat` can contain spaces and parentheses. Returns nothing if `stat` is not such a line.
std::optional<wire::ThreadRecord> parse_thread(std::string_view stat, std::string_view status, std::string_view comm,
                                               std::string_view wchan);
/// Returns the name of the function in the first line of /proc/PID/stack, which leaves out the scheduler's own; empty
/// if there is none.
std::string innermost_function(std::string_view stack);

/// Parses a line of /proc/modules: "ex7_4 16384 0 - Live 0xffffffffc0000000 (OE)".
std::optional<wire::ModuleRecord> parse_module_line(std::string_view line);

/// Converts CPU list format ("0-3,7", kernel: Documentation/admin-guide/cputopology.rst) to ascending CPU numbers;
/// returns nothing if it is malformed. An empty list is valid. CPUs above 4095 are malformed.
std::optional<std::vector<int>> parse_cpu_list(std::string_view list);

/// Returns the shortest list format of CPU numbers in any order.
std::string format_cpu_list(std::vector<int> cpus);

/// Returns true if both lists name the same CPUs; false if either is malformed.
bool same_cpus(std::string_view left, std::string_view right);

/// Render threads and modules as `ps -eo pid,stat,psr,comm` and `lsmod` do; for artifacts and failures.
std::string render_ps(const std::vector<wire::ThreadRecord> &threads);
std::string render_lsmod(const std::vector<wire::ModuleRecord> &modules);

}  // namespace kmodtest::shared
