// SPDX-License-Identifier: GPL-2.0-or-later
#include "resources.hpp"

#include <algorithm>
#include <cstddef>
#include <fcntl.h>
#include <utility>

#include "base/descriptor.hpp"
#include "kept_mounts.hpp"
#include "shared/resources.hpp"
#include "system.hpp"

namespace kmodtest::guest {
namespace {

constexpr char kTimerEvents[] = "/sys/kernel/tracing/events/timer/";
constexpr char kPerCpuAllocated[] = "/sys/kernel/tracing/events/percpu/percpu_alloc_percpu/";
constexpr char kPerCpuFreed[] = "/sys/kernel/tracing/events/percpu/percpu_free_percpu/";
constexpr std::size_t kLongestTrace = 4u << 20;

/// Returns whether an event's `enable` is on; with "0*" a trigger can still switch it on.
bool is_on(const std::string &event) {
  return read_line((kTimerEvents + event + "/enable").c_str()).starts_with('1');
}

std::string_view take_text(std::string_view &texts) {
  const std::size_t end = std::min(texts.find('\0'), texts.size());
  const std::string_view text = texts.substr(0, end);
  texts.remove_prefix(std::min(end + 1, texts.size()));
  return text;
}

/// Returns what is in `present` but not in `known`; duplicates count twice.
template <class Record>
std::vector<Record> without(std::vector<Record> present, const std::vector<Record> &known) {
  for (const Record &record : known) {
    const auto found = std::find(present.begin(), present.end(), record);
    if (found != present.end()) present.erase(found);
  }
  return present;
}

/// The settings that a module can change, in one file each. A list from before any module under test: the kernel reads
/// a file that a module has left behind through pointers into its memory.
std::vector<std::string> &settings() {
  static std::vector<std::string> paths;
  return paths;
}

void find_settings() {
  // These change without a module's doing, or have their own check.
  constexpr std::string_view kVolatile[] = {"hung_task_detect_count",    "hung_task_warnings",         "ns_last_pid",
                                            "perf_cpu_time_max_percent", "perf_event_max_sample_rate", "tainted"};
  const std::string folder = "/proc/sys/kernel/";
  for (const std::string &name : list_folder(folder.c_str())) {
    if (std::find(std::begin(kVolatile), std::end(kVolatile), name) == std::end(kVolatile))
      settings().push_back(folder + name);
  }
  for (const char *path :
       {"/sys/devices/system/cpu/online", "/sys/devices/system/clocksource/clocksource0/current_clocksource",
        "/proc/sys/vm/overcommit_memory", "/proc/sys/vm/panic_on_oom", "/proc/sys/vm/swappiness",
        "/proc/sys/net/ipv4/ip_forward"})
    settings().emplace_back(path);
}

/// Lets the kernel count the allocations for each CPU: nothing lists them, and most are far smaller than the pages
/// that /proc/meminfo counts.
void count_percpu() {
  // The type of an event is the same for all, so that one entry suffices.
  for (const char *event : {kPerCpuAllocated, kPerCpuFreed})
    write_text(std::string(event) + "trigger", "hist:keys=common_type:size=128");
}

}  // namespace

void prepare_resources() {
  find_settings();
  count_percpu();
  // The kernel logs each time that its caches were dropped, unless this flag is set.
  write_text("/proc/sys/vm/drop_caches", "4");
  // Small, otherwise every CPU gets 1.4 MiB. An overflow is noticed.
  if (write_text("/sys/kernel/tracing/buffer_size_kb", "32") != 0) return;
  write_text("/sys/kernel/tracing/options/hash-ptr", "0");
  for (const auto &[kind, timer] : {std::pair("timer", "timer"), std::pair("hrtimer", "hrtimer")}) {
    static_assert(shared::kModuleArea == 0xffffffffa0000000);  // the filters have it as a text
    // A module's own function; or a timer within a module's memory, such as that of a
    // static delayed_work.
    const std::string of_module = std::string("function >= 0xffffffffa0000000 || ") + timer + " >= 0xffffffffa0000000";
    const std::string start = std::string(kTimerEvents) + kind + "_start/";
    write_text(start + "filter", of_module);
    write_text(start + "trigger", std::string("enable_event:timer:") + kind + "_cancel if " + of_module);
    write_text(start + "enable", "1");
  }
  // A kernel whose hrtimer_start has was_armed reports no cancel of an hrtimer that fires.
  const std::string events(kTimerEvents);
  const std::string of_module = "function >= 0xffffffffa0000000 || hrtimer >= 0xffffffffa0000000";
  write_text(events + "hrtimer_expire_entry/filter", of_module);
  write_text(events + "hrtimer_start/trigger", "enable_event:timer:hrtimer_expire_entry if " + of_module);
}

std::string read_resources() {
  std::string texts = read_file("/proc/devices").content;
  texts += '\0';
  texts += read_file("/proc/vmallocinfo").content;
  texts += '\0';
  // Only a module that armed a timer has switched these on.
  if (is_on("timer_cancel") || is_on("hrtimer_cancel"))
    texts += read_file("/sys/kernel/tracing/trace", kLongestTrace).content;
  texts += '\0';
  for (const std::string &path : settings()) {
    FileText setting = read_file(path.c_str());
    if (setting.error != 0) continue;  // a folder, or one that can only be written
    texts += path + '\0' + setting.content + '\0';
  }
  return texts;
}

ResourceSet::ResourceSet(std::string_view texts) {
  majors_ = shared::parse_majors(take_text(texts));
  vmalloc_ = shared::parse_vmalloc(take_text(texts));
  timers_ = shared::parse_timer_trace(take_text(texts));
  while (!texts.empty()) {
    const std::string_view path = take_text(texts);
    std::string_view value = take_text(texts);
    while (value.ends_with('\n')) value.remove_suffix(1);
    settings_.emplace_back(path, value);
  }
}

void ResourceSet::compare(std::string_view texts, wire::Inventory &inventory) const {
  ResourceSet present(texts);
  inventory.majors = without(std::move(present.majors_), majors_);
  inventory.vmalloc = without(std::move(present.vmalloc_), vmalloc_);
  inventory.timers = without(std::move(present.timers_), timers_);
  for (auto &setting : present.settings_) {
    const auto before =
        std::find_if(settings_.begin(), settings_.end(), [&](const auto &one) { return one.first == setting.first; });
    if (before != settings_.end() && before->second != setting.second)
      inventory.settings.push_back({std::move(setting.first), before->second, std::move(setting.second)});
  }
}

std::string read_memory() {
  constexpr std::size_t kLongestSlabinfo = 1u << 20;
  write_text("/proc/sys/vm/drop_caches", "2");
  // If a cache is used after it was shrunk, it has a whole slab in use again. So everything is opened before, and the
  // buffer of slabinfo is made by reading it once.
  std::vector<base::Descriptor> shrinks;
  for (const std::string &cache : list_folder("/sys/kernel/slab"))
    shrinks.emplace_back(open_kept(("/sys/kernel/slab/" + cache + "/shrink").c_str(), O_WRONLY));
  const base::Descriptor slabinfo(open_kept("/proc/slabinfo", O_RDONLY));
  if (slabinfo) read_all(slabinfo.get(), kLongestSlabinfo);
  // The kernel copies the written text into an object of that size. Few objects are this large, so the error is small.
  std::string order(3000, '\0');
  order.front() = '1';
  for (const base::Descriptor &shrink : shrinks)
    if (shrink) write_all(shrink.get(), order);
  std::string texts;
  if (slabinfo && ::lseek(slabinfo.get(), 0, SEEK_SET) == 0) texts = read_all(slabinfo.get(), kLongestSlabinfo).content;
  texts += '\0';
  // Each CPU also adds up its changes on its own.
  read_file("/proc/sys/vm/stat_refresh");
  texts += read_file("/proc/meminfo").content;
  texts += '\0';
  texts += read_file("/proc/zoneinfo").content;
  texts += '\0';
  for (const char *event : {kPerCpuAllocated, kPerCpuFreed}) {
    texts += read_file((std::string(event) + "hist").c_str()).content;
    texts += '\0';
  }
  return texts;
}

std::vector<wire::MemoryRecord> count_memory(std::string_view texts) {
  std::vector<wire::MemoryRecord> records = shared::parse_slabinfo(take_text(texts));
  const std::string_view meminfo = take_text(texts);
  for (wire::MemoryRecord &record : shared::parse_meminfo(meminfo, take_text(texts)))
    records.push_back(std::move(record));
  const std::string_view allocated = take_text(texts);
  if (auto per_cpu = shared::parse_percpu(allocated, take_text(texts))) records.push_back(std::move(*per_cpu));
  return records;
}

}  // namespace kmodtest::guest
