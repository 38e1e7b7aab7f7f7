// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "judge/step_view.hpp"

/// Tasks and CPUs of an autopsy, in the judge's terms.
namespace kmodtest::judge {

/// A task that could be involved in a hang.
struct Stuck {
  int pid = 0;
  std::string name;
  char state = '?';
  int cpu = -1;                         ///< the CPU that it runs on, if it runs
  bool interrupts_off = false;          ///< on that CPU
  std::vector<std::string> frames;      ///< in the kernel's notation, innermost first
  std::vector<std::string> under_test;  ///< names of the modules under test

  /// Returns "take+0x24 [locks]": the first frame in a module under test, else the first meaningful one; empty:
  /// unknown.
  std::string where() const;
  bool in_module() const;
  /// Returns what a waiting function is known to wait for: "a mutex"; empty: unknown.
  std::string waits_for() const;
  /// Returns whether another thread has to end, park or work first.
  bool waits_for_thread() const;
  /// Returns "'abba_a' (pid 86)".
  std::string who() const;
  /// Returns "sleeps in stubborn+0x11 [m] (msleep)", "waits for a mutex in take+0x24 [m]", "spins on CPU 1 in spin+0x5
  /// [m]".
  std::string what() const;
  /// Returns who() and the innermost frames, a line each.
  std::string listing() const;
};

/// Returns the tasks as seen from inside, with the kernel's own lines about them, if the agent answered; else from
/// outside.
std::vector<Stuck> stuck_tasks(const CaseView &view);

/// Returns what each CPU of an unresponsive guest is executing, most likely culprit first.
std::vector<Stuck> busy_cpus(const CaseView &view);

}  // namespace kmodtest::judge
