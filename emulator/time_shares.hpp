// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace kmodtest::emulator {

/// Divides the time until a guest's next timer among its CPUs, which take turns: those that work get it, those that
/// halt or wait in a loop do not.
class TimeShares {
 public:
  static constexpr std::size_t kMostCpus = 64;

  /// Begins a CPU's turn. CPUs have their turns in order, round by round. `runs` returns whether the CPU with an index
  /// below `count` executes instructions. Returns among how many CPUs the time is to be divided for this turn; 0: among
  /// all, as QEMU does it.
  template <class Runs>
  int begin_turn(std::size_t cpu, std::size_t count, const Runs &runs) {
    if (cpu <= last_) count_cpus(count, runs);
    last_ = cpu;
    if (std::exchange(waits_[cpu], false)) return working_ > 0 ? 0 : std::max(waiting_, 1);
    return std::max(working_, 1);
  }

  /// Ends a CPU's turn at a PAUSE; `waits`: in a loop that waits. Returns whether other CPUs work, which need the time
  /// that the PAUSE would take.
  bool pause(std::size_t cpu, bool waits) {
    waits_[cpu] = waits;
    return working_ > 0;
  }

  /// Knows nothing of any CPU any more.
  void forget() { *this = {}; }

 private:
  template <class Runs>
  void count_cpus(std::size_t count, const Runs &runs) {
    working_ = waiting_ = 0;
    for (std::size_t cpu = 0; cpu < count; ++cpu) {
      if (runs(cpu)) ++(waits_[cpu] ? waiting_ : working_);
    }
  }

  std::array<bool, kMostCpus> waits_{};  ///< its last turn ended in a loop that waits
  std::size_t last_ = 0;
  int working_ = 0, waiting_ = 0;
};

}  // namespace kmodtest::emulator
