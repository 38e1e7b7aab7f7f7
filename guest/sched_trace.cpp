// SPDX-License-Identifier: GPL-2.0-or-later
#include "sched_trace.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <utility>

#include "base/descriptor.hpp"
#include "tasks.hpp"

namespace kmodtest::guest {
namespace {

const std::string kInstance = "/sys/kernel/tracing/instances/kmodtest";
// Per CPU. Half of it holds about 450 switches: the events until the agent gets a CPU must fit into the other half.
constexpr char kBufferKib[] = "64";
constexpr std::size_t kPageBytes = 4096;
// Offset and width of the size in a page's header (kernel: include/linux/ring_buffer.h, events/header_page).
constexpr std::size_t kCommitAt = 8;
constexpr std::size_t kHeaderBytes = 16;
constexpr std::uint32_t kCommitMask = (1u << 20) - 1;
// The count of missed events can follow the last event.
constexpr std::size_t kMissedCountBytes = 8;
constexpr std::size_t kMostPagesInReport = 64;

/// Returns the number of the hotplug state from which on a CPU takes tasks; empty if CPUs cannot be switched. Source:
/// /sys/devices/system/cpu/hotplug/states, "235: sched:active".
std::string active_state() {
  const std::string states = read_file("/sys/devices/system/cpu/hotplug/states").content;
  const std::size_t name = states.find(": sched:active");
  if (name == std::string::npos) return {};
  const std::size_t line = states.rfind('\n', name);
  const std::size_t begin = line == std::string::npos ? 0 : line + 1;
  const std::size_t digits = states.find_first_not_of(' ', begin);
  return states.substr(digits, name - digits);
}

}  // namespace

void SchedTrace::prepare() {
  if (::mkdir(kInstance.c_str(), 0700) != 0 && errno != EEXIST) {
    error_ = describe_error("cannot make " + kInstance, errno);
    return;
  }
  // The kernel's own table of names would be updated at each switch; the events have the names.
  write_text(kInstance + "/options/record-cmd", "0");
  int error = write_text(kInstance + "/tracing_on", "0");
  if (error == 0) error = write_text(kInstance + "/buffer_size_kb", kBufferKib);
  // A full buffer drops new events, not old ones: the trace is complete up to that moment.
  if (error == 0) error = write_text(kInstance + "/options/overwrite", "0");
  if (error == 0) error = write_text(kInstance + "/trace_clock", "mono");
  if (error != 0) {
    error_ = describe_error("cannot set up " + kInstance, error);
    return;
  }
  for (const std::string &name : list_folder((kInstance + "/per_cpu").c_str())) {
    const std::string path = kInstance + "/per_cpu/" + name + "/trace_pipe_raw";
    base::Descriptor pages(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!pages) {
      error_ = describe_error("cannot open " + path, errno);
      return;
    }
    buffers_.push_back({static_cast<std::uint32_t>(std::strtoul(name.c_str() + 3, nullptr, 10)), std::move(pages)});
  }
  std::sort(buffers_.begin(), buffers_.end(), [](const Buffer &a, const Buffer &b) { return a.cpu < b.cpu; });
  header_page_ = read_file((kInstance + "/events/header_page").c_str()).content;
  error_.clear();
  enable_events(last_pid());
}

void SchedTrace::enable_events(const std::string &newer_than) {
  const std::string newer = "pid > " + newer_than;
  bool all = enable_event("sched/sched_switch", "prev_" + newer + " || next_" + newer);
  all = enable_event("sched/sched_wakeup", newer) && all;
  all = enable_event("sched/sched_wakeup_new", newer) && all;
  all = enable_event("sched/sched_migrate_task", newer) && all;
  all = enable_event("sched/sched_process_fork", "child_" + newer) && all;
  all = enable_event("sched/sched_process_exit", newer) && all;
  if (!all && error_.empty()) error_ = "the kernel does not have the events of its scheduler";
  // For names only: if the kernel omits whose name it is, the switches show it.
  enable_event("task/task_rename", newer);
  const std::string active = active_state();
  if (!active.empty()) enable_event("cpuhp/cpuhp_enter", "idx == " + active);
}

bool SchedTrace::enable_event(const std::string &event, const std::string &filter) {
  const std::string folder = kInstance + "/events/" + event;
  const std::string format = read_file((folder + "/format").c_str()).content;
  if (format.empty() || write_text(folder + "/filter", filter) != 0 || write_text(folder + "/enable", "1") != 0)
    return false;
  formats_.push_back(format);
  return true;
}

wire::TraceStarted SchedTrace::start() {
  wire::TraceStarted started{now(), {}, header_page_, formats_, error_};
  for (const Buffer &buffer : buffers_) started.cpus.push_back(buffer.cpu);
  if (started.error.empty()) {
    // Events of the earlier program that did not fit.
    if (full_) base::Descriptor(::open((kInstance + "/trace").c_str(), O_WRONLY | O_CLOEXEC | O_TRUNC));
    lost_before_ = count_lost();
    bytes_ = 0;
    full_ = false;
    if (const int error = write_text(kInstance + "/tracing_on", "1"); error != 0)
      started.error = describe_error("cannot start it", error);
  }
  running_ = started.error.empty();
  return started;
}

void SchedTrace::stop() {
  write_text(kInstance + "/tracing_on", "0");
  running_ = false;
}

void SchedTrace::add_to(std::vector<pollfd> &polled) const {
  if (!running_ || full_) return;
  for (const Buffer &buffer : buffers_) polled.push_back({buffer.pages.get(), POLLIN, 0});
}

std::vector<wire::TracePages> SchedTrace::take_ready(const std::vector<pollfd> &polled) {
  std::vector<wire::TracePages> taken;
  for (const pollfd &one : polled) {
    if ((one.revents & POLLIN) == 0) continue;
    for (const Buffer &buffer : buffers_)
      if (buffer.pages.get() == one.fd) take(buffer, taken);
  }
  return taken;
}

std::vector<wire::TracePages> SchedTrace::take_all() {
  std::vector<wire::TracePages> taken;
  for (const Buffer &buffer : buffers_) take(buffer, taken);
  return taken;
}

void SchedTrace::take(const Buffer &buffer, std::vector<wire::TracePages> &taken) {
  static char page[kPageBytes];
  wire::TracePages pages{buffer.cpu, {}};
  while (!full_) {
    ssize_t got = 0;
    do got = ::read(buffer.pages.get(), page, sizeof page);
    while (got < 0 && errno == EINTR);
    if (got < static_cast<ssize_t>(kHeaderBytes)) break;
    std::uint32_t commit = 0;
    std::memcpy(&commit, page + kCommitAt, sizeof commit);
    const std::size_t used = kHeaderBytes + (commit & kCommitMask) + kMissedCountBytes;
    pages.pages.emplace_back(page, std::min(used, static_cast<std::size_t>(got)));
    bytes_ += pages.pages.back().size();
    if (bytes_ >= wire::kMostTraceBytes) {
      full_ = true;
      write_text(kInstance + "/tracing_on", "0");
    }
    if (pages.pages.size() == kMostPagesInReport) taken.push_back(std::exchange(pages, {buffer.cpu, {}}));
  }
  if (!pages.pages.empty()) taken.push_back(std::move(pages));
}

wire::TraceChecked SchedTrace::check() const {
  return {now(), count_lost() - lost_before_, full_};
}

std::uint64_t SchedTrace::count_lost() const {
  std::uint64_t lost = 0;
  for (const Buffer &buffer : buffers_) {
    const std::string path = kInstance + "/per_cpu/cpu" + std::to_string(buffer.cpu) + "/stats";
    const std::string stats = read_file(path.c_str()).content;
    for (const char *kind : {"\noverrun: ", "commit overrun: ", "dropped events: "}) lost += number_after(stats, kind);
  }
  return lost;
}

}  // namespace kmodtest::guest
