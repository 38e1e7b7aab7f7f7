// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// The actions of the kernel's scheduler, from its own tracepoints. All times are CLOCK_MONOTONIC of the guest.
namespace kmodtest::observe {

using Nanoseconds = std::chrono::nanoseconds;

/// One stay of a thread on a CPU: from the sched_switch to the thread until the one away from it.
struct SchedRun {
  std::int32_t cpu = 0;
  Nanoseconds begin{0};
  Nanoseconds end{0};
  char left =
      'R';  ///< the state in which it left: R (preempted, or still running when the trace ended), S, D, P, I, X…
  bool operator==(const SchedRun &) const = default;
};

/// A sched_wakeup (or sched_wakeup_new) of a thread.
struct SchedWake {
  Nanoseconds time{0};
  std::int32_t cpu = 0;  ///< where it was placed
  Nanoseconds ran{0};    ///< when it then got the CPU; 0: it did not while the trace ran
  bool operator==(const SchedWake &) const = default;
};

/// A sched_migrate_task of a thread.
struct SchedMigration {
  Nanoseconds time{0};
  std::int32_t from = 0;
  std::int32_t to = 0;
  bool operator==(const SchedMigration &) const = default;
};

/// A thread that appeared after the trace had begun. In a guest only the case starts kernel threads, so these are the
/// threads of the modules under test, and kernel workers that they needed.
struct SchedThread {
  std::int32_t pid = 0;
  std::string name;              ///< in full if the kernel keeps it and the thread was seen alive; else 15 characters
  Nanoseconds begin{0};          ///< made by fork
  Nanoseconds end{0};            ///< its end, or that of the trace
  std::vector<SchedRun> runs;    ///< by time
  std::vector<SchedWake> wakes;  ///< by time
  std::vector<SchedMigration> migrations;  ///< by time
  Nanoseconds woken{0};  ///< by its creator, for the first time; before that the kernel's own start of a thread ran
                         ///< thread, none of the module's code (kernel/kthread.c). 0: never
  bool operator==(const SchedThread &) const = default;
};

/// A CPU went online or offline (cpuhp).
struct CpuChange {
  Nanoseconds time{0};
  std::int32_t cpu = 0;
  bool online = false;
  bool operator==(const CpuChange &) const = default;
};

/// The scheduling of a case, from before its first step to after its last.
struct SchedTimeline {
  Nanoseconds begin{0};
  Nanoseconds end{0};
  std::int32_t cpus = 0;             ///< of the guest
  std::vector<SchedThread> threads;  ///< by the time at which they appeared
  std::vector<CpuChange> changes;    ///< by time
  std::uint64_t lost = 0;  ///< events that the kernel's buffers overwrote or dropped; if any, the trace proves nothing
  bool full = false;       ///< the trace was cut off, because it had become too long
  bool operator==(const SchedTimeline &) const = default;
};

}  // namespace kmodtest::observe
