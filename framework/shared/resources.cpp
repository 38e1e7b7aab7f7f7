// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared/resources.hpp"

#include <algorithm>
#include <optional>

#include "text/number.hpp"

namespace kmodtest::shared {
namespace {

constexpr std::string_view kBlank = " \t";
constexpr std::string_view kHex = "0x";

std::optional<std::uint64_t> parse_address(std::string_view text) {
  if (text.starts_with(kHex)) text.remove_prefix(kHex.size());
  return text::whole_number<std::uint64_t>(text, 16);
}

/// Takes the next line off the text.
std::string_view take_line(std::string_view &text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

/// Takes the next word off the line; empty at its end.
std::string_view take_word(std::string_view &line) {
  const std::size_t begin = line.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return line = {};
  const std::size_t end = std::min(line.find_first_of(kBlank, begin), line.size());
  const std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

/// Returns the text after " KEY=" up to the next blank.
std::string_view value_of(std::string_view line, std::string_view key) {
  const std::size_t found = line.find(key);
  if (found == std::string_view::npos) return {};
  line.remove_prefix(found + key.size());
  return line.substr(0, line.find(' '));
}

/// A kind of timer and the words of its events. A timer_list that fires is cancelled before; an hrtimer only in kernels
/// whose hrtimer_start has no was_armed. If its function restarts the hrtimer, a start follows.
struct TimerEvents {
  bool high_resolution;
  std::string_view start;
  std::string_view cancel;
  std::string_view fire;
  std::string_view key;
};
constexpr TimerEvents kTimerEvents[] = {
    {false, ": timer_start:", ": timer_cancel:", ": timer_expire_entry:", " timer="},
    {true, ": hrtimer_start:", ": hrtimer_cancel:", ": hrtimer_expire_entry:", " hrtimer="},
};

}  // namespace

std::vector<wire::MajorRecord> parse_majors(std::string_view devices) {
  std::vector<wire::MajorRecord> majors;
  bool block = false;
  while (!devices.empty()) {
    std::string_view line = take_line(devices);
    if (line == "Block devices:") block = true;
    const auto number = text::whole_number<std::int32_t>(take_word(line));
    const std::size_t name = line.find_first_not_of(kBlank);
    if (number && name != std::string_view::npos) majors.push_back({block, *number, std::string(line.substr(name))});
  }
  return majors;
}

std::vector<wire::VmallocRecord> parse_vmalloc(std::string_view vmallocinfo) {
  std::vector<wire::VmallocRecord> areas;
  while (!vmallocinfo.empty()) {
    std::string_view line = take_line(vmallocinfo);
    // Nearly all callers have names.
    if (line.find(" 0x") == std::string_view::npos) continue;
    take_word(line);  // the area's own address, which the kernel can hide
    const auto size = text::whole_number<std::uint64_t>(take_word(line));
    const std::string_view caller = take_word(line);
    const auto address = parse_address(caller);
    if (size && caller.starts_with(kHex) && address) areas.push_back({*size, *address});
  }
  return areas;
}

std::vector<wire::TimerRecord> parse_timer_trace(std::string_view trace) {
  std::map<std::uint64_t, wire::TimerRecord> armed;
  while (!trace.empty()) {
    const std::string_view line = take_line(trace);
    // "##### CPU 1 buffer started ####": events of that CPU were overwritten, possibly the end of a timer seen so far.
    if (line.starts_with("##### CPU ")) armed.clear();
    for (const TimerEvents &events : kTimerEvents) {
      const bool starts = line.find(events.start) != std::string_view::npos;
      const bool ends =
          line.find(events.cancel) != std::string_view::npos || line.find(events.fire) != std::string_view::npos;
      if (!starts && !ends) continue;
      const auto address = parse_address(value_of(line, events.key));
      if (!address) continue;
      armed.erase(*address);
      if (!starts) continue;
      const std::string_view function = value_of(line, " function=");
      wire::TimerRecord timer{events.high_resolution, *address, 0, {}};
      if (function.starts_with(kHex))
        timer.function = parse_address(function).value_or(0);
      else
        timer.symbol = std::string(function);
      if (timer.function >= kModuleArea || *address >= kModuleArea) armed.emplace(*address, std::move(timer));
    }
  }
  std::vector<wire::TimerRecord> timers;
  timers.reserve(armed.size());
  for (auto &[address, timer] : armed) timers.push_back(std::move(timer));
  return timers;
}

std::vector<wire::MemoryRecord> parse_slabinfo(std::string_view slabinfo) {
  std::vector<wire::MemoryRecord> caches;
  while (!slabinfo.empty()) {
    std::string_view line = take_line(slabinfo);
    const std::string_view name = take_word(line);
    const auto active = text::whole_number<std::int64_t>(take_word(line));
    const auto all = text::whole_number<std::int64_t>(take_word(line));
    const auto size = text::whole_number<std::uint64_t>(take_word(line));
    if (active && all && size) caches.push_back({std::string(name), true, *size, *active});
  }
  return caches;
}

std::vector<wire::MemoryRecord> parse_meminfo(std::string_view meminfo, std::string_view zoneinfo) {
  // The kernel's own pages are the rest when all of these are subtracted from MemTotal; slab caches are counted
  // separately. Stacks of the kernel are part of VmallocUsed.
  static constexpr std::string_view kCounted[] = {"VmallocUsed:", "Percpu:"};
  static constexpr std::string_view kNotTheKernels[] = {
      "MemFree:", "Buffers:", "Cached:", "AnonPages:", "Slab:", "PageTables:", "SecPageTables:"};
  constexpr std::uint64_t kKib = 1024;
  std::vector<wire::MemoryRecord> records;
  std::int64_t pages = 0;
  while (!meminfo.empty()) {
    std::string_view line = take_line(meminfo);
    const std::string_view key = take_word(line);
    const auto kib = text::whole_number<std::int64_t>(take_word(line));
    if (!kib) continue;
    const auto is_key = [key](std::string_view one) { return key == one; };
    if (key == "MemTotal:") pages += *kib;
    const bool counted = std::any_of(std::begin(kCounted), std::end(kCounted), is_key);
    if (counted || std::any_of(std::begin(kNotTheKernels), std::end(kNotTheKernels), is_key)) pages -= *kib;
    if (counted) records.push_back({std::string(key.substr(0, key.size() - 1)), false, kKib, *kib});
  }
  constexpr std::int64_t kKibOfPage = 4;
  while (!zoneinfo.empty()) {
    std::string_view line = take_line(zoneinfo);
    if (take_word(line) == "count:")
      pages -= text::whole_number<std::int64_t>(take_word(line)).value_or(0) * kKibOfPage;
  }
  if (!records.empty()) records.push_back({"pages", false, kKib, pages});
  return records;
}

namespace {

/// Returns how many events a histogram has counted.
std::optional<std::int64_t> hits_of(std::string_view histogram) {
  constexpr std::string_view kHits = "\n    Hits: ";
  const std::size_t at = histogram.rfind(kHits);
  if (at == std::string_view::npos) return std::nullopt;
  histogram.remove_prefix(at + kHits.size());
  return text::whole_number<std::int64_t>(take_line(histogram));
}

}  // namespace

std::optional<wire::MemoryRecord> parse_percpu(std::string_view allocated, std::string_view freed) {
  const auto all = hits_of(allocated);
  const auto gone = hits_of(freed);
  if (!all || !gone) return std::nullopt;
  return wire::MemoryRecord{wire::kPerCpuObjects, true, 0, *all - *gone};
}

}  // namespace kmodtest::shared
