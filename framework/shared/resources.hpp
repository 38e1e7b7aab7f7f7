// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/kernel_addresses.hpp"
#include "wire/records.hpp"

/// Parsers of the kernel's files about the resources that a module can hold, in addition to threads and entries of
/// /proc, /sys and /dev. Used in the guest too: they throw nothing, and leave out what they cannot read.
namespace kmodtest::shared {

/// The area where x86-64 keeps modules: it begins here, or 512 MiB later if the kernel can move itself, which it never
/// does in our guests (kernel: Documentation/arch/x86/x86_64/mm.rst, CONFIG_RANDOMIZE_BASE).
inline constexpr std::uint64_t kModuleArea = wire::kModulesBegin;

/// Parses /proc/devices.
std::vector<wire::MajorRecord> parse_majors(std::string_view devices);

/// Returns the areas of /proc/vmallocinfo whose caller has no name.
std::vector<wire::VmallocRecord> parse_vmalloc(std::string_view vmallocinfo);

/// Returns the armed timers that are related to a module, after all events of a trace of timer_start, timer_cancel,
/// hrtimer_start, hrtimer_cancel and hrtimer_expire_entry (kernel: include/trace/events/timer.h). If events were
/// overwritten, timers armed before that are unknown and left out.
std::vector<wire::TimerRecord> parse_timer_trace(std::string_view trace);

/// Returns the objects in use by slab cache (/proc/slabinfo, version 2.1).
std::vector<wire::MemoryRecord> parse_slabinfo(std::string_view slabinfo);

/// Returns the kernel's own memory apart from slab caches, from /proc/meminfo, in KiB: its VmallocUsed and Percpu, and
/// as "pages" what none of its lines accounts for. Free pages that the CPUs keep for themselves are free but not in
/// MemFree: /proc/zoneinfo has them.
std::vector<wire::MemoryRecord> parse_meminfo(std::string_view meminfo, std::string_view zoneinfo);

/// Returns how many allocations for each CPU are in use, after two histograms: of the events percpu_alloc_percpu and
/// percpu_free_percpu (kernel: Documentation/trace/histogram.rst). Nothing without the histograms.
std::optional<wire::MemoryRecord> parse_percpu(std::string_view allocated, std::string_view freed);

}  // namespace kmodtest::shared
