// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/blocked.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <utility>

#include "judge/always.hpp"
#include "observe/reports/reports_catalogue.hpp"
#include "text/number.hpp"

namespace kmodtest::judge {
namespace {

constexpr std::size_t kShownFrames = 8;

struct Wait {
  std::string_view function;  ///< a prefix
  std::string_view words;
  bool for_thread = false;  ///< another thread has to go on first
};

// Special before general: kthread_stop() waits for a completion. Sources: the functions' descriptions in the kernel.
constexpr Wait kWaits[] = {
    {"kthread_stop", "the end of a thread (kthread_stop)", true},
    {"kthread_park", "a thread to park (kthread_park)", true},
    {"kthread_flush_work", "a kthread worker", true},
    {"flush_workqueue", "a workqueue to empty"},
    {"__flush_workqueue", "a workqueue to empty"},
    {"drain_workqueue", "a workqueue to empty"},
    {"__flush_work", "a work item"},
    {"flush_work", "a work item"},
    {"cancel_work_sync", "a work item"},
    {"synchronize_rcu", "an RCU grace period"},
    {"synchronize_srcu", "an SRCU grace period"},
    {"__synchronize_srcu", "an SRCU grace period"},
    {"wait_rcu_gp", "an RCU grace period"},
    {"__wait_rcu_gp", "an RCU grace period"},
    {"rcu_barrier", "RCU callbacks"},
    {"synchronize_irq", "an interrupt handler"},
    {"free_irq", "an interrupt handler"},
    {"proc_entry_rundown", "users of its entry in /proc"},
    {"remove_proc_", "users of its entry in /proc"},
    {"proc_remove", "users of its entry in /proc"},
    {"kernfs_drain", "users of its entry in /sys"},
    {"__debugfs_file_removed", "users of its entry in debugfs"},
    {"wait_for_device_probe", "a device to be probed"},
    {"__mutex_lock", "a mutex"},
    {"mutex_lock", "a mutex"},
    {"ww_mutex_lock", "a mutex"},
    {"__rt_mutex", "an rt_mutex"},
    {"rt_mutex", "an rt_mutex"},
    {"rwsem_down_read", "a semaphore to read (rwsem)"},
    {"rwsem_down_write", "a semaphore to write (rwsem)"},
    {"down_read", "a semaphore to read (rwsem)"},
    {"down_write", "a semaphore to write (rwsem)"},
    {"__down", "a semaphore"},
    {"down", "a semaphore"},
    {"native_queued_spin_lock_slowpath", "a spinlock"},
    {"queued_spin_lock_slowpath", "a spinlock"},
    {"__pv_queued_spin_lock_slowpath", "a spinlock"},
    {"wait_for_completion", "a completion"},
    {"__wait_for_common", "a completion"},
    {"io_schedule", "I/O"},
    {"jbd2_", "a file system's journal"},
};

// The functions of every sleep, which do not show its reason, in addition to the helpers that all reports have.
constexpr std::string_view kSleeps[] = {"__schedule", "schedule", "schedule_timeout", "schedule_preempt_disabled",
                                        "msleep",     "ssleep",   "usleep_range",     "schedule_hrtimeout"};

std::string_view without_guess(std::string_view frame) {
  return frame.starts_with("? ") ? frame.substr(2) : frame;
}

bool names_function(std::string_view frame, std::string_view prefix) {
  frame = without_guess(frame);
  return frame.starts_with(prefix);
}

bool is_sleep(std::string_view frame) {
  return std::any_of(std::begin(kSleeps), std::end(kSleeps),
                     [frame](std::string_view name) { return names_function(frame, name); });
}

/// Returns "take+0x24 [locks]" for "take+0x24/0x40 [locks]".
std::string short_place(const observe::Frame &frame) {
  return frame.module.empty() ? frame.place : frame.place + " [" + frame.module + "]";
}

bool is_any_of(const std::string &name, const std::vector<std::string> &names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Returns the frames in lines such as "[<0>] msleep+0x2d/0x40".
std::vector<std::string> frames_of(std::string_view stack) {
  std::vector<std::string> frames;
  while (!stack.empty()) {
    const std::size_t end = std::min(stack.find('\n'), stack.size());
    std::string_view line = stack.substr(0, end);
    stack.remove_prefix(std::min(end + 1, stack.size()));
    const std::size_t space = line.find("] ");
    if (line.starts_with("[<") && space != std::string_view::npos) line.remove_prefix(space + 2);
    if (!line.empty()) frames.emplace_back(line);
  }
  return frames;
}

constexpr unsigned kInterruptFlag = 0x200;  ///< of EFLAGS

std::optional<int> number_after(std::string_view line, std::string_view key) {
  const std::size_t found = line.find(key);
  if (found == std::string_view::npos) return std::nullopt;
  const std::size_t digits = line.find_first_not_of(' ', found + key.size());
  return digits == std::string_view::npos ? std::nullopt : text::leading_number<int>(line.substr(digits));
}

struct Trace {
  int cpu = -1;
  bool interrupts_off = false;
  std::vector<std::string> frames;
};

/// Returns the kernel's lines about tasks after the autopsy's marker, by pid: of blocked ones (sysrq w: "task:x state:D
/// … pid:85") and of running ones (sysrq l: "CPU: 1 PID: 85 Comm: x").
std::map<int, Trace> kernel_traces(const CaseView &view) {
  std::map<int, Trace> traces;
  Trace *open = nullptr;
  bool user = false;
  for (std::size_t i = view.until; i < view.log.size(); ++i) {
    const std::string &line = view.log[i].text;
    if (view.log[i].facility != 0) continue;
    const bool blocked = line.starts_with("task:");
    const bool running = line.starts_with("CPU: ");
    if (blocked || running) {
      const auto pid = number_after(line, blocked ? " pid:" : " PID: ");
      open = pid ? &traces[*pid] : nullptr;
      user = false;
      if (open != nullptr && running) open->cpu = number_after(line, "CPU: ").value_or(-1);
      continue;
    }
    if (open == nullptr) continue;
    if (line.starts_with("RIP: 0033") || line.starts_with(" </TASK>")) user = true;
    if (line.starts_with("RSP: 0018:") || line.starts_with("RSP: 0000:")) {
      // "RSP: 0018:ffffc90000187d88 EFLAGS: 00000046"
      const std::size_t flags = line.find("EFLAGS: ");
      const auto value = flags == std::string::npos
                             ? std::nullopt
                             : text::leading_number<unsigned>(std::string_view(line).substr(flags + 8), 16);
      open->interrupts_off = (value.value_or(kInterruptFlag) & kInterruptFlag) == 0;
    }
    if (user) continue;
    const auto frame = observe::parse_frame(line);
    if (!frame || frame->guessed) continue;
    const std::size_t at = line.find(frame->place);
    open->frames.push_back(line.substr(at));
  }
  return traces;
}

Stuck of_task(const TaskSeen &task, const std::vector<std::string> &under_test) {
  Stuck stuck;
  stuck.pid = task.pid;
  stuck.name = task.name;
  stuck.state = task.state;
  stuck.frames = task.frames;
  stuck.under_test = under_test;
  return stuck;
}

/// The first row that fits a frame of the task; null when none does.
const Wait *wait_of(const Stuck &task) {
  for (const Wait &wait : kWaits) {
    for (const std::string &line : task.frames) {
      const auto frame = observe::parse_frame(line);
      // After the module's own code, its callers follow.
      if (frame && is_any_of(frame->module, task.under_test)) break;
      if (names_function(line, wait.function)) return &wait;
    }
  }
  return nullptr;
}

}  // namespace

bool Stuck::in_module() const {
  return std::any_of(frames.begin(), frames.end(), [this](const std::string &line) {
    const auto frame = observe::parse_frame(line);
    return frame && is_any_of(frame->module, under_test);
  });
}

std::string Stuck::where() const {
  std::string other;
  for (const std::string &line : frames) {
    const auto frame = observe::parse_frame(line);
    if (!frame) continue;
    if (is_any_of(frame->module, under_test)) return short_place(*frame);
    if (other.empty() && !is_sleep(line) && !observe::is_known_helper(frame->place)) other = short_place(*frame);
  }
  return other;
}

std::string Stuck::waits_for() const {
  const Wait *wait = wait_of(*this);
  return wait == nullptr ? std::string() : std::string(wait->words);
}

bool Stuck::waits_for_thread() const {
  const Wait *wait = wait_of(*this);
  return wait != nullptr && wait->for_thread;
}

std::string Stuck::who() const {
  return fmt::format("'{}' (pid {})", name, pid);
}

std::string Stuck::what() const {
  const std::string place = where();
  const std::string in = place.empty() ? "" : " in " + place;
  const std::string waits = waits_for();
  if (state == 'R') {
    std::string words = waits.empty() ? "spins" : "spins for " + waits;
    if (cpu >= 0) words += fmt::format(" on CPU {}", cpu);
    words += in;
    return interrupts_off ? words + ", with interrupts off" : words;
  }
  if (!waits.empty()) return "waits for " + waits + in;
  return (state == 'P' ? "is parked" : "sleeps") + in;
}

std::string Stuck::listing() const {
  std::string text = fmt::format("{}, state {}", who(), state);
  if (cpu >= 0) text += fmt::format(", on CPU {}{}", cpu, interrupts_off ? " with interrupts off" : "");
  text += ":";
  for (std::size_t i = 0; i < frames.size() && i < kShownFrames; ++i) text += "\n  " + frames[i];
  if (frames.empty()) text += "\n  (where is not known)";
  return text;
}

std::vector<Stuck> stuck_tasks(const CaseView &view) {
  const auto under_test = module_names(view.test_case);
  std::vector<Stuck> found;
  if (view.autopsy == nullptr) {
    if (!view.seen.dissection) return found;
    for (const auto &task : view.seen.dissection->tasks) found.push_back(of_task(task, under_test));
    return found;
  }
  const auto traces = kernel_traces(view);
  for (const auto &[task, stack] : view.autopsy->tasks) {
    Stuck stuck;
    stuck.pid = task.pid;
    stuck.name = task.full_name.empty() ? task.name : task.full_name;
    stuck.state = task.state;
    if (task.state == 'R') stuck.cpu = task.cpu;
    stuck.frames = frames_of(stack);
    stuck.under_test = under_test;
    // The kernel's own trace has the functions of the scheduler and the locks, which the one in /proc leaves out.
    const auto trace = traces.find(task.pid);
    if (trace != traces.end() && !trace->second.frames.empty()) {
      stuck.frames = trace->second.frames;
      if (trace->second.cpu >= 0) stuck.cpu = trace->second.cpu;
      stuck.interrupts_off = trace->second.interrupts_off;
    }
    found.push_back(std::move(stuck));
  }
  return found;
}

std::vector<Stuck> busy_cpus(const CaseView &view) {
  std::vector<Stuck> found;
  if (!view.seen.dissection) return found;
  const auto under_test = module_names(view.test_case);
  for (const CpuSeen &cpu : view.seen.dissection->cpus) {
    if (cpu.halted || !cpu.in_kernel) continue;
    Stuck stuck = of_task(cpu.task, under_test);
    stuck.state = 'R';
    stuck.cpu = cpu.cpu;
    stuck.interrupts_off = !cpu.takes_interrupts;
    found.push_back(std::move(stuck));
  }
  std::stable_sort(found.begin(), found.end(), [](const Stuck &left, const Stuck &right) {
    return std::pair(left.in_module(), left.interrupts_off) > std::pair(right.in_module(), right.interrupts_off);
  });
  return found;
}

}  // namespace kmodtest::judge
