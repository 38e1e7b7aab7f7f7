// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstddef>

namespace kmodtest::run {

/// The limits for a guest, in wall time, and how much is looked for after a case.
struct Limits {
  std::chrono::milliseconds boot{30'000};         ///< until its agent is ready, with one CPU
  std::chrono::milliseconds boot_per_cpu{3'000};  ///< for each further CPU
  int boot_of_checks = 5;                         ///< times that, if the kernel checks itself (KASAN, lockdep)
  int boot_attempts = 2;                          ///< a rare boot is silent for minutes (QEMU under TCG)
  std::chrono::milliseconds push{60'000};         ///< of a file, plus a second for each MB
  std::chrono::milliseconds case_grace{3'000};    ///< beyond the case's own timeout
  int wall_per_guest_time = 3;  ///< under virtual time: a guest that computes can be slower than its clock
  std::chrono::milliseconds to_rest{30'000};    ///< from the agent's message that it rests until it does
  std::chrono::milliseconds after_report{300};  ///< for the rest of a kernel report to arrive

  /// the guest time that passes after the steps under virtual time, for work that is still due after the unload
  std::chrono::seconds idle{15};
  bool searches_memory = true;  ///< for what still points to an unloaded module

  std::chrono::milliseconds push_of(std::size_t bytes) const { return push + std::chrono::milliseconds(bytes / 1000); }
  std::chrono::milliseconds boot_of(int cpus, bool kernel_checks_itself) const {
    return (boot + boot_per_cpu * (cpus - 1)) * (kernel_checks_itself ? boot_of_checks : 1);
  }
};

}  // namespace kmodtest::run
