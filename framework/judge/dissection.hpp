// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// Observations of a hung guest from outside, while it was paused. They are not part of what the guest reported, and so
/// not of any digest.
namespace kmodtest::judge {

/// A task as the guest's memory shows it.
struct TaskSeen {
  int pid = 0;
  std::string name;
  char state = '?';  ///< as in wire::ThreadRecord
  /// Places in code, innermost first, in the kernel's notation; one that begins with "? " was found on the stack and
  /// can be left over from an earlier call.
  std::vector<std::string> frames;
};

struct CpuSeen {
  int cpu = 0;
  bool in_kernel = true;
  bool halted = false;  ///< waits for an interrupt
  bool takes_interrupts = true;
  TaskSeen task = {};     ///< the task that runs there; its first frame is its current place
  std::string registers;  ///< as QEMU prints them
};

/// A task that waits for a mutex that another task, or the task itself, holds.
struct LockWait {
  int pid = 0;
  int owner = 0;
  std::uint64_t mutex = 0;  ///< its address
  bool operator==(const LockWait &) const = default;
};

struct Dissection {
  std::vector<CpuSeen> cpus;
  std::vector<TaskSeen> tasks;  ///< those that sleep uninterruptibly, and those that are in a module
  std::vector<LockWait> locks;
  std::string problem;  ///< why the dissection is incomplete; empty if it is complete
};

}  // namespace kmodtest::judge
