// SPDX-License-Identifier: GPL-2.0-or-later
#include "sample.hpp"

#include <algorithm>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <sys/utsname.h>

#include "shared/condition.hpp"
#include "shared/procfs.hpp"
#include "system.hpp"
#include "text/number.hpp"
#include "wire/message.hpp"

namespace kmodtest::guest {
namespace {

/// Reads a thread; `folder` is "/proc/PID" or "/proc/PID/task/TID"; `stat` was read from it already.
std::optional<wire::ThreadRecord> read_thread(const std::string &folder, const std::string &stat) {
  const std::string status = read_file((folder + "/status").c_str()).content;
  const std::string wchan = read_file((folder + "/wchan").c_str()).content;
  // `stat` has the name as long as `comm` has it.
  return shared::parse_thread(stat, status, {}, wchan);
}

std::vector<wire::NodeRecord> list_nodes() {
  std::vector<wire::NodeRecord> nodes;
  const std::string folder = "/sys/devices/system/node";
  const auto online = shared::parse_cpu_list(read_line((folder + "/online").c_str()));
  for (const int id : online.value_or(std::vector<int>{})) {
    const std::string node = folder + "/node" + std::to_string(id);
    wire::NodeRecord record;
    record.id = id;
    record.cpus = read_line((node + "/cpulist").c_str());
    record.memory_kib = number_after(read_file((node + "/meminfo").c_str()).content, "MemTotal:");
    nodes.push_back(record);
  }
  return nodes;
}

}  // namespace

std::uint64_t read_taint() {
  return number_after(read_line("/proc/sys/kernel/tainted"), "");
}

wire::AgentInfo describe_guest() {
  wire::AgentInfo info;
  info.protocol = wire::kProtocolVersion;
  utsname name{};
  ::uname(&name);
  info.kernel_release = name.release;
  info.kernel_version = name.version;
  info.machine = name.machine;
  info.cpus_online = read_line("/sys/devices/system/cpu/online");
  info.cpus_possible = read_line("/sys/devices/system/cpu/possible");
  info.nodes = list_nodes();
  info.memory_kib = number_after(read_file("/proc/meminfo").content, "MemTotal:");
  info.taint = read_taint();
  timespec ts{};
  ::clock_gettime(CLOCK_BOOTTIME, &ts);
  info.uptime = Time(static_cast<std::int64_t>(ts.tv_sec) * 1'000'000 + ts.tv_nsec / 1000);
  return info;
}

std::optional<wire::ThreadRecord> read_task(const std::string &folder) {
  const std::string stat = read_file((folder + "/stat").c_str()).content;
  if (stat.empty()) return std::nullopt;
  return read_thread(folder, stat);
}

bool is_pool_worker(const wire::ThreadRecord &thread) {
  constexpr std::string_view kWorker = "kworker/";
  const std::string_view name = thread.full_name;
  return name.starts_with(kWorker) && !name.substr(kWorker.size()).starts_with("R-");
}

std::vector<wire::ModuleRecord> list_modules() {
  std::vector<wire::ModuleRecord> modules;
  const std::string text = read_file("/proc/modules").content;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    auto module = shared::parse_module_line(std::string_view(text).substr(begin, end - begin));
    if (module) modules.push_back(std::move(*module));
    begin = end + 1;
  }
  return modules;
}

std::vector<wire::ThreadRecord> list_kernel_threads(const std::vector<wire::ThreadRecord> &known) {
  std::vector<wire::ThreadRecord> threads;
  for (const std::string &name : list_folder("/proc")) {
    if (!text::whole_number<int>(name)) continue;
    const std::string folder = "/proc/" + name;
    const std::string stat = read_file((folder + "/stat").c_str()).content;
    const auto brief = shared::parse_thread(stat, {}, {}, {});
    if (!brief || !brief->kernel_thread || is_pool_worker(*brief)) continue;
    const bool is_known = std::any_of(known.begin(), known.end(), [&](const wire::ThreadRecord &thread) {
      return thread.pid == brief->pid && thread.start_time == brief->start_time;
    });
    if (is_known) continue;
    if (auto thread = read_thread(folder, stat)) threads.push_back(std::move(*thread));
  }
  return threads;
}

wire::Inventory list_kernel_state(const std::vector<wire::ThreadRecord> &known) {
  wire::Inventory inventory;
  inventory.threads = list_kernel_threads(known);
  inventory.modules = list_modules();
  inventory.taint = read_taint();
  inventory.time = now();
  return inventory;
}

std::vector<wire::ThreadRecord> ThreadSearch::find() {
  std::vector<wire::ThreadRecord> found;
  for (const std::string &name : list_folder("/proc")) {
    const auto pid = text::whole_number<int>(name);
    if (!pid || others_.contains(*pid)) continue;
    const std::string process = "/proc/" + name;
    const std::string stat = read_file((process + "/stat").c_str()).content;
    const auto brief = shared::parse_thread(stat, {}, {}, {});
    if (!brief) continue;  // it ended meanwhile
    if (brief->kernel_thread) {
      if (shared::is_meant(condition_, *brief)) {
        if (auto thread = read_thread(process, stat)) found.push_back(std::move(*thread));
      } else if (!brief->full_name.starts_with("kthreadd") && !is_pool_worker(*brief)) {
        others_.insert(*pid);  // a new thread is named kthreadd until it gets its own name
      }
      continue;
    }
    for (const std::string &task : list_folder((process + "/task").c_str())) {
      const std::string folder = process + "/task/" + task;
      const std::string task_stat = read_file((folder + "/stat").c_str()).content;
      const auto task_brief = shared::parse_thread(task_stat, {}, {}, {});
      if (!task_brief || !shared::is_meant(condition_, *task_brief)) continue;
      if (auto thread = read_thread(folder, task_stat)) found.push_back(std::move(*thread));
    }
  }
  return found;
}

}  // namespace kmodtest::guest
