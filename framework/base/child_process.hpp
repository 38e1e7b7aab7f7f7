// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace kmodtest::base {

/// The standard files of a child; -1: /dev/null.
struct ChildFiles {
  int in = -1, out = -1, err = -1;
};

/// A program that runs at the same time as kmodtest, in a process group of its own: a Ctrl-C in the terminal does not
/// reach it. It is killed when the thread that started it ends.
class ChildProcess {
 public:
  /// Starts a program, which is looked up in PATH. Throws Error if it cannot be started.
  ChildProcess(std::vector<std::string> arguments, const ChildFiles &files);
  /// Ends the whole group: politely, and after `kPatience` by force.
  ~ChildProcess();
  ChildProcess(const ChildProcess &) = delete;
  ChildProcess &operator=(const ChildProcess &) = delete;

  /// Returns the exit status, or 128 + the signal that ended it; nothing while it runs.
  std::optional<int> ended();
  /// Waits for its end, at most this long.
  std::optional<int> wait(std::chrono::milliseconds most);
  /// Sends a signal to the whole group, if the program still runs.
  void signal(int number);

 private:
  static constexpr std::chrono::seconds kPatience{10};

  pid_t pid_ = -1;
  std::optional<int> status_;
};

}  // namespace kmodtest::base
