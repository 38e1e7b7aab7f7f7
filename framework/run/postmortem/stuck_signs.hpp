// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kmodtest::run {

/// Whether code that is executed from `at` on only jumps, without a condition, until it comes back to where it was: no
/// more than an interrupt's handler gets control there again. Knows nop, pause and the jumps of x86-64; anything else
/// is taken for a way out. Source: Intel SDM 2.
bool loops_for_ever(std::string_view code, std::size_t at);

/// What one CPU was at in a moment.
struct CpuGlance {
  int cpu = 0;
  std::uint64_t rip = 0;
  bool in_kernel = false;
  bool halted = false;
  bool takes_interrupts = true;
  bool loops = false;  ///< loops_for_ever()
};

/// For how long nothing has come from a guest, in the host's CPU time that its QEMU took since then: on a busy host a
/// guest that computes may be silent for long and be no further than it would have been in a moment. An idle guest
/// takes no CPU time at all; then what counts is how long it has taken none.
class Silence {
 public:
  /// Three times what the healthy plans here take between two reports (0.46 s, on 8 CPUs).
  static constexpr std::chrono::milliseconds kComputing{1'500};
  static constexpr std::chrono::milliseconds kIdle{1'500};

  /// Whether it is time for a look. `now`: a steady clock of the host; `cpu_time`: what the QEMU took since it started.
  bool add(std::chrono::nanoseconds now, std::chrono::nanoseconds cpu_time);

 private:
  std::optional<std::chrono::nanoseconds> first_cpu_time_, last_cpu_time_;
  std::chrono::nanoseconds idle_since_{0};
};

/// A guest from which nothing came for a while, seen from outside, again and again: tells when nothing can come any
/// more. A guest that is only slow is never accused: a CPU has to be where nothing leads out of, or the guest's own
/// clock has to show that a deadline has passed.
class StuckSigns {
 public:
  /// Interrupts are off for microseconds in a sane kernel; its own detector, where it works, waits for 10 s.
  static constexpr std::chrono::milliseconds kInterruptsOff{250};
  static constexpr int kFewestGlances = 6;
  /// What the agent may need after a deadline to say so, its autopsy included; more, as more CPUs share the time.
  static constexpr std::chrono::milliseconds kAfterDeadline{1'000};
  static constexpr std::chrono::milliseconds kAfterDeadlinePerCpu{100};

  /// `allowed`: guest time that the agent may be silent for; nothing: as long as it likes.
  explicit StuckSigns(std::optional<std::chrono::microseconds> allowed) : allowed_(allowed) {}

  /// Why nothing can come any more, once that is known. `timer`: the guest's ACPI timer.
  std::optional<std::string> add(const std::vector<CpuGlance> &cpus, std::uint32_t timer);

 private:
  struct Row {
    int glances = 0;
    std::chrono::microseconds since{0};
  };
  std::optional<std::chrono::microseconds> allowed_;
  std::optional<std::uint32_t> timer_;
  std::uint64_t ticks_ = 0;
  std::map<int, std::uint64_t> loop_at_;
  std::map<int, Row> off_;  // CPUs with interrupts off in each of the last glances
  int dead_ = 0;
};

}  // namespace kmodtest::run
