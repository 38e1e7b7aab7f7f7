// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "wire/records.hpp"

/// Parsers of what the kernel tells of the things that a module can hold beside threads and entries of /proc, /sys and
/// /dev. Used in the guest too: they throw nothing, and leave out what they cannot read.
namespace kmodtest::shared {

/// Where x86-64 keeps modules (kernel: Documentation/arch/x86/x86_64/mm.rst).
inline constexpr std::uint64_t kModuleArea = 0xffffffffc0000000u;

/// Of /proc/devices.
std::vector<wire::MajorRecord> parse_majors(std::string_view devices);

/// The areas of /proc/vmallocinfo whose caller has no name.
std::vector<wire::VmallocRecord> parse_vmalloc(std::string_view vmallocinfo);

/// The timers that are armed after all that a trace of timer_start, timer_cancel, hrtimer_start and hrtimer_cancel
/// shows (kernel: include/trace/events/timer.h) and that a module has to do with. Where events were overwritten, what
/// was armed before that is not known and left out.
std::vector<wire::TimerRecord> parse_timer_trace(std::string_view trace);

/// Objects in use by slab cache (/proc/slabinfo, version 2.1).
std::vector<wire::MemoryRecord> parse_slabinfo(std::string_view slabinfo);

/// What the kernel itself has taken beside slab caches, from /proc/meminfo, in KiB: its VmallocUsed and Percpu, and as
/// "pages" what none of its lines accounts for. Free pages that the CPUs keep for themselves are free, and not in
/// MemFree: /proc/zoneinfo has them.
std::vector<wire::MemoryRecord> parse_meminfo(std::string_view meminfo, std::string_view zoneinfo);

}  // namespace kmodtest::shared
