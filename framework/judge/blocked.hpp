// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "judge/step_view.hpp"

/// Tasks and CPUs of an autopsy, as the judge speaks of them.
namespace kmodtest::judge {

/// A task that may have to do with a hang.
struct Stuck {
  int pid = 0;
  std::string name;
  char state = '?';
  int cpu = -1;                         ///< where it runs, if it does
  bool interrupts_off = false;          ///< on that CPU
  std::vector<std::string> frames;      ///< in the kernel's notation, innermost first
  std::vector<std::string> under_test;  ///< names of the modules under test

  /// "take+0x24 [locks]": the first frame in a module under test, else the first that says something; empty: unknown.
  std::string where() const;
  bool in_module() const;
  /// What a function that waits is known to wait for: "a mutex"; empty: unknown.
  std::string waits_for() const;
  /// True when another thread has to end, park or work first.
  bool waits_for_thread() const;
  /// "'abba_a' (pid 86)".
  std::string who() const;
  /// "sleeps in stubborn+0x11 [m] (msleep)", "waits for a mutex in take+0x24 [m]", "spins on CPU 1 in spin+0x5 [m]".
  std::string what() const;
  /// Who it is, and its innermost frames, a line each.
  std::string listing() const;
};

/// From inside, where the agent answered, with what the kernel itself wrote of them; else from outside.
std::vector<Stuck> stuck_tasks(const CaseView &view);

/// From outside: what runs on the CPUs of a guest of which nothing came any more. The culprit first.
std::vector<Stuck> busy_cpus(const CaseView &view);

}  // namespace kmodtest::judge
