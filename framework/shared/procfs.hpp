// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/records.hpp"

/// Parsers of what /proc prints (man 5 proc). Used in the guest too: they throw nothing.
namespace kmodtest::shared {

/// From the texts of /proc/PID/stat, /proc/PID/status, /proc/PID/comm (may be empty) and /proc/PID/wchan (may be
/// empty). The name in `stat` may hold spaces and parentheses. Nothing when `stat` is no such line.
std::optional<wire::ThreadRecord> parse_thread(std::string_view stat, std::string_view status, std::string_view comm,
                                               std::string_view wchan);

/// One line of /proc/modules: "ex7_4 16384 0 - Live 0xffffffffc0000000 (OE)".
std::optional<wire::ModuleRecord> parse_module_line(std::string_view line);

/// CPU list format ("0-3,7", kernel: Documentation/admin-guide/cputopology.rst) to ascending CPU numbers; nothing when
/// malformed. An empty list is fine. CPUs above 4095 are malformed.
std::optional<std::vector<int>> parse_cpu_list(std::string_view list);

/// The shortest list format of ascending or unordered CPU numbers.
std::string format_cpu_list(std::vector<int> cpus);

/// True when both lists name the same CPUs; false when either is malformed.
bool same_cpus(std::string_view left, std::string_view right);

/// As `ps -eo pid,stat,psr,comm` and `lsmod` print them; for artifacts and failures.
std::string render_ps(const std::vector<wire::ThreadRecord> &threads);
std::string render_lsmod(const std::vector<wire::ModuleRecord> &modules);

}  // namespace kmodtest::shared
