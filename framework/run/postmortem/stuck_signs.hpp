// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kmodtest::run {

/// Returns whether the code from `at` on only jumps unconditionally until it is back at an earlier place: then only an
/// interrupt handler can get control there. Knows nop, pause and the jumps of x86-64; anything else counts as a way
/// out. Source: Intel SDM 2.
bool loops_for_ever(std::string_view code, std::size_t at);

/// The state of one CPU at one moment.
struct CpuGlance {
  int cpu = 0;
  std::uint64_t rip = 0;
  bool in_kernel = false;
  bool halted = false;
  bool takes_interrupts = true;
  bool loops = false;     ///< loops_for_ever()
  std::string registers;  ///< the general registers, in words
};

/// Returns whether no CPU executes anything.
bool all_halted(const std::vector<CpuGlance> &cpus);

/// Measures how long a guest has been silent, in the host's CPU time that its QEMU used: on a busy host a guest that
/// computes can be silent for long without getting any further. An idle guest uses no CPU time at all; then it measures
/// for how long it has used none.
class Silence {
 public:
  /// Twice the longest interval between two messages of the healthy plans here (0.46 s, on 8 CPUs).
  static constexpr std::chrono::milliseconds kComputing{1'000};
  static constexpr std::chrono::milliseconds kIdle{1'500};

  /// Returns whether it is time to examine the guest. `now`: a steady clock of the host; `cpu_time`: the time that the
  /// QEMU has used since it started.
  bool add(std::chrono::nanoseconds now, std::chrono::nanoseconds cpu_time);

 private:
  std::optional<std::chrono::nanoseconds> first_cpu_time_, last_cpu_time_;
  std::chrono::nanoseconds idle_since_{0};
};

/// Looks repeatedly from outside at a guest that has been silent for a while, and finds out when no message can arrive
/// any more. It never accuses a guest that is only slow: a CPU must be at a place that it cannot leave, or the guest's
/// own clock must show that a deadline has passed.
class StuckSigns {
 public:
  /// The limit of the kernel's own detector of hard lockups, which does not work in an emulated guest. A kernel that
  /// patches its text has interrupts off for about 300 ms here.
  static constexpr std::chrono::milliseconds kInterruptsOff{10'000};
  /// The same for a CPU whose registers repeat while all others are idle: nobody can change what it waits for.
  static constexpr std::chrono::milliseconds kInterruptsOffInVain{250};
  static constexpr int kFewestGlances = 6;
  /// The same for a guest that is suspended. What wakes one under virtual time does so at once.
  static constexpr int kAsleepGlances = 3;
  /// The time that the agent can need after a deadline for its message and its autopsy; more if more CPUs share the
  /// time.
  static constexpr std::chrono::milliseconds kAfterDeadline{1'000};
  static constexpr std::chrono::milliseconds kAfterDeadlinePerCpu{100};

  /// Sets the guest time for which the agent can be silent; without a value it is unlimited.
  explicit StuckSigns(std::optional<std::chrono::microseconds> allowed) : allowed_(allowed) {}

  /// Returns why no message can arrive any more, once that is known. `timer`: the guest's ACPI timer; `suspended`: its
  /// kernel has suspended the machine.
  std::optional<std::string> add(const std::vector<CpuGlance> &cpus, std::uint32_t timer, bool suspended = false);

  /// Returns true while a CPU has its interrupts off: a few more glances can tell whether for good.
  bool in_doubt() const { return !off_.empty(); }

 private:
  /// A CPU with interrupts off in each of the last glances.
  struct Row {
    int glances = 0;
    std::chrono::microseconds since{0};
    std::set<std::string> states = {};  ///< its registers so far
    int repeats = 0;                    ///< the last glances that showed no new state, while all other CPUs were idle
  };
  /// Returns true once a CPU has had its interrupts off for too long.
  static bool is_stuck(const Row &row, std::chrono::microseconds off);
  std::optional<std::chrono::microseconds> allowed_;
  std::optional<std::uint32_t> timer_;
  std::uint64_t ticks_ = 0;
  std::map<int, std::uint64_t> loop_at_;
  std::map<int, Row> off_;
  int dead_ = 0;
  int asleep_ = 0;
};

}  // namespace kmodtest::run
