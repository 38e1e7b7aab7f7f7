// SPDX-License-Identifier: GPL-2.0-or-later
#include "sample.hpp"

#include <algorithm>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <sys/utsname.h>

#include "shared/procfs.hpp"
#include "system.hpp"
#include "text/number.hpp"
#include "wire/message.hpp"

namespace kmodtest::guest {
namespace {

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

std::optional<wire::ThreadRecord> read_thread(const std::string &folder, const std::string &stat) {
  const std::string status = read_file((folder + "/status").c_str()).content;
  const std::string wchan = read_file((folder + "/wchan").c_str()).content;
  // `stat` has the name as long as `comm` has it.
  auto thread = shared::parse_thread(stat, status, {}, wchan);
  // Before 5.16 the kernel cannot look through its own stacks for wchan, but it shows them.
  if (thread && thread->kernel_thread && thread->waits_in.empty() && thread->state != 'R')
    thread->waits_in = shared::innermost_function(read_file((folder + "/stack").c_str()).content);
  return thread;
}

std::optional<wire::ThreadRecord> read_task(const std::string &folder) {
  const std::string stat = read_file((folder + "/stat").c_str()).content;
  if (stat.empty()) return std::nullopt;
  return read_thread(folder, stat);
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

wire::Inventory list_kernel_state(KernelThreads &threads) {
  wire::Inventory inventory;
  inventory.threads = threads.find();
  inventory.modules = list_modules();
  inventory.taint = read_taint();
  inventory.time = now();
  return inventory;
}

}  // namespace kmodtest::guest
