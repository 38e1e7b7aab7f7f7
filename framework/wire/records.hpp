// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// The agent's observations in the guest, as typed records. Shared by the controller and the agent.
namespace kmodtest::wire {

using Microseconds = std::chrono::microseconds;

/// A record of /dev/kmsg (kernel: Documentation/ABI/testing/dev-kmsg).
struct KernelLogLine {
  std::uint64_t sequence = 0;
  std::uint8_t level = 6;     ///< 0 (emergency) … 7 (debug)
  std::uint8_t facility = 0;  ///< 0 kernel, 1 user space (including our own step markers)
  Microseconds time{0};       ///< the kernel log's own clock, since the guest's boot
  std::string caller;         ///< "T123" a task, "C1" a CPU; empty without CONFIG_PRINTK_CALLER
  std::string text;           ///< without the trailing newline; \xNN escapes undone

  template <class Visitor>
  void fields(Visitor &v) {
    v(sequence, level, facility, time, caller, text);
  }
  bool operator==(const KernelLogLine &) const = default;
};

/// A task of /proc/PID/task/TID.
struct ThreadRecord {
  std::int32_t pid = 0;   ///< thread id
  std::int32_t tgid = 0;  ///< thread group id
  std::int32_t ppid = 0;
  std::string name;       ///< as `ps` prints it: at most 15 characters
  std::string full_name;  ///< kernels since 5.17 keep a kthread's whole name; before, it equals `name`
  char state = '?';       ///< R running, S sleeping, D uninterruptible, I idle, P parked, T stopped, Z zombie, X dead
  std::int32_t cpu = 0;   ///< CPU it last ran on
  std::string allowed_cpus;  ///< list format: "0-3,7"
  std::uint64_t voluntary_switches = 0;
  std::uint64_t involuntary_switches = 0;
  Microseconds start_time{0};  ///< since boot, 10 ms steps (USER_HZ)
  bool kernel_thread = false;  ///< PF_KTHREAD
  std::string waits_in;        ///< /proc/PID/wchan; empty if it runs or is unknown
  std::uint8_t policy = 0;     ///< SCHED_OTHER, SCHED_FIFO… of sched(7)
  std::uint8_t priority = 0;   ///< of a real-time policy: 1 to 99; else 0
  std::int8_t nice = 0;

  template <class Visitor>
  void fields(Visitor &v) {
    v(pid, tgid, ppid, name, full_name, state, cpu, allowed_cpus, voluntary_switches, involuntary_switches, start_time,
      kernel_thread, waits_in, policy, priority, nice);
  }
  bool operator==(const ThreadRecord &) const = default;
};

/// A task and its place in the kernel's code.
struct TaskStack {
  ThreadRecord task;
  std::string stack;  ///< /proc/PID/stack: "[<0>] msleep+0x2d/0x40" a line, innermost first; empty while it runs

  template <class Visitor>
  void fields(Visitor &v) {
    v(task, stack);
  }
  bool operator==(const TaskStack &) const = default;
};

/// A line of /proc/modules.
struct ModuleRecord {
  std::string name;
  std::uint64_t size = 0;  ///< bytes
  std::int32_t users = 0;  ///< use count; -1 if the kernel cannot unload modules
  std::vector<std::string> used_by;
  std::string state;  ///< Live, Loading, Unloading
  std::uint64_t address = 0;
  std::string taint;  ///< letters, e.g. "OE"

  template <class Visitor>
  void fields(Visitor &v) {
    v(name, size, users, used_by, state, address, taint);
  }
  bool operator==(const ModuleRecord &) const = default;
};

/// A range of major numbers that a driver holds: one line of /proc/devices.
struct MajorRecord {
  bool block = false;  ///< else of character devices
  std::int32_t major = 0;
  std::string name;

  template <class Visitor>
  void fields(Visitor &v) {
    v(block, major, name);
  }
  bool operator==(const MajorRecord &) const = default;
};

/// An armed timer that is related to a module: its function or the timer itself is in the area of modules.
struct TimerRecord {
  bool high_resolution = false;  ///< an hrtimer; else a timer_list
  std::uint64_t address = 0;     ///< of the timer; not the real one if the kernel hides it (before 5.12)
  std::uint64_t function = 0;    ///< of its function; 0 if `symbol` has it
  std::string symbol;            ///< the function's name, if the kernel still has one for it

  template <class Visitor>
  void fields(Visitor &v) {
    v(high_resolution, address, function, symbol);
  }
  bool operator==(const TimerRecord &) const = default;
};

/// An area of /proc/vmallocinfo that was requested by code without a name, such as that of an unloaded module.
struct VmallocRecord {
  std::uint64_t size = 0;    ///< bytes, including the guard page
  std::uint64_t caller = 0;  ///< address in the function that requested it

  template <class Visitor>
  void fields(Visitor &v) {
    v(size, caller);
  }
  bool operator==(const VmallocRecord &) const = default;
};

/// A setting of the kernel whose value is not that of the baseline.
struct SettingRecord {
  std::string path;    ///< "/proc/sys/kernel/panic"
  std::string before;  ///< in the baseline; without the final newline
  std::string value;
  template <class Visitor>
  void fields(Visitor &v) {
    v(path, before, value);
  }
  bool operator==(const SettingRecord &) const = default;
};

/// The name of the count of allocations for each CPU (alloc_percpu).
inline constexpr char kPerCpuObjects[] = "alloc_percpu";

/// A part of the kernel's memory that is counted: a slab cache, a line of /proc/meminfo, or kPerCpuObjects.
struct MemoryRecord {
  std::string name;             ///< of the slab cache ("kmalloc-64"), or the key of /proc/meminfo ("VmallocUsed")
  bool slab = false;            ///< the count is of objects, mostly of a slab cache
  std::uint64_t unit_size = 0;  ///< bytes per counted unit; 0: they have different sizes
  std::int64_t count = 0;

  template <class Visitor>
  void fields(Visitor &v) {
    v(name, slab, unit_size, count);
  }
  bool operator==(const MemoryRecord &) const = default;
};

/// A NUMA node.
struct NodeRecord {
  std::int32_t id = 0;
  std::string cpus;  ///< list format
  std::uint64_t memory_kib = 0;

  template <class Visitor>
  void fields(Visitor &v) {
    v(id, cpus, memory_kib);
  }
  bool operator==(const NodeRecord &) const = default;
};

/// The agent's version and environment. Sent once when the guest is up (READY) and in reply to every Hello.
struct AgentInfo {
  std::uint16_t protocol = 0;  ///< wire::kProtocolVersion of the agent
  std::string kernel_release;  ///< uname -r
  std::string kernel_version;  ///< uname -v
  std::string machine;         ///< uname -m
  std::string cpus_online;     ///< list format
  std::string cpus_possible;   ///< list format
  std::vector<NodeRecord> nodes;
  std::uint64_t memory_kib = 0;
  std::uint64_t taint = 0;  ///< /proc/sys/kernel/tainted
  Microseconds uptime{0};   ///< CLOCK_BOOTTIME when the record was made

  template <class Visitor>
  void fields(Visitor &v) {
    v(protocol, kernel_release, kernel_version, machine, cpus_online, cpus_possible, nodes, memory_kib, taint, uptime);
  }
  bool operator==(const AgentInfo &) const = default;
};

}  // namespace kmodtest::wire
