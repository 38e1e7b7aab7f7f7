// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/failure/autopsy_text.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <variant>

#include "judge/observations.hpp"
#include "shared/kmsg.hpp"
#include "text/lines.hpp"

namespace kmodtest::report {
namespace {

std::string indented(std::string_view text) {
  std::string all;
  for (const std::string &line : text::lines_of(text)) all += "    " + line + "\n";
  return all;
}

std::string frames(const judge::TaskSeen &task) {
  std::string all;
  for (const std::string &frame : task.frames) all += (frame.starts_with("? ") ? "    " : "      ") + frame + "\n";
  return all;
}

std::string inside(const judge::Observations &seen) {
  std::string text;
  for (const wire::AgentMessage &message : seen.messages) {
    const auto *autopsy = std::get_if<wire::Autopsy>(&message);
    if (autopsy == nullptr) continue;
    text += fmt::format("From inside, at {:.6f} s, when the deadline of step {} had passed:\n\n",
                        std::chrono::duration<double>(autopsy->time).count(), autopsy->step + 1);
    for (const auto &[task, stack] : autopsy->tasks) {
      text += fmt::format("  pid {} '{}', state {}, CPU {}{}{}\n", task.pid,
                          task.full_name.empty() ? task.name : task.full_name, task.state, task.cpu,
                          task.waits_in.empty() ? "" : ", in " + task.waits_in,
                          task.pid == autopsy->caller ? ": its call did not return" : "");
      text += indented(stack);
    }
    text += "\n";
  }
  const auto log = seen.log();
  const auto begin = std::find_if(log.begin(), log.end(), shared::is_autopsy_marker);
  if (std::any_of(begin, log.end(), [](const auto &line) { return !shared::is_marker(line); })) {
    text += "Output of the kernel on request (sysrq l: CPUs that run, w: blocked tasks):\n\n";
    for (auto line = begin; line != log.end(); ++line) {
      if (!shared::is_marker(*line)) text += "  " + shared::render_dmesg(*line) + "\n";
    }
    text += "\n";
  }
  return text;
}

std::string outside(const judge::Dissection &found) {
  std::string text =
      "From outside, while the guest was paused. A place after a '?' was found on the stack. It might be left over "
      "from\n"
      "an earlier call.\n\n";
  if (!found.problem.empty()) text += "Incomplete: " + found.problem + ".\n\n";
  for (const judge::LockWait &lock : found.locks) {
    text += lock.pid == lock.owner
                ? fmt::format("  pid {} waits for the mutex at {:#x}, which it holds itself\n", lock.pid, lock.mutex)
                : fmt::format("  pid {} waits for the mutex at {:#x}, which pid {} holds\n", lock.pid, lock.mutex,
                              lock.owner);
  }
  if (!found.locks.empty()) text += "\n";
  for (const judge::CpuSeen &cpu : found.cpus) {
    text += fmt::format("  CPU {} {}, interrupts {}", cpu.cpu,
                        cpu.halted      ? "waits for an interrupt"
                        : cpu.in_kernel ? "in the kernel"
                                        : "in a program",
                        cpu.takes_interrupts ? "on" : "off");
    if (!cpu.task.name.empty()) text += fmt::format(", pid {} '{}'", cpu.task.pid, cpu.task.name);
    text += "\n" + indented(cpu.registers) + frames(cpu.task) + "\n";
  }
  for (const judge::TaskSeen &task : found.tasks) {
    text += fmt::format("  pid {} '{}', state {}\n", task.pid, task.name, task.state) + frames(task) + "\n";
  }
  return text;
}

}  // namespace

std::string autopsy_text(const judge::Observations &seen) {
  std::string text = inside(seen);
  if (seen.dissection) text += outside(*seen.dissection);
  return text;
}

}  // namespace kmodtest::report
