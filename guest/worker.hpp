// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

#include "system.hpp"

namespace kmodtest::guest {

/// A system call that may block, or never come back: a module under test is behind it.
struct Job {
  enum class Kind : std::uint8_t { load, unload, read, write, list_entries, read_resources, read_memory };
  Kind kind = Kind::read;
  std::string subject;   ///< a path, or the module to unload
  std::string argument;  ///< parameters of a module, or the content to write
  bool force = false;    ///< of unload
};

struct JobResult {
  int error = 0;
  Time took{0};
  std::string content;
  bool truncated = false;
  bool died = false;  ///< the kernel killed the process that was at it (an oops): no other field counts
};

/// One process that does the agent's blocking calls, so that PID 1 never blocks. Started once: a fork for each call
/// would cost more than the calls. A call that does not come back in time is left behind with its process.
class Worker {
 public:
  static constexpr std::size_t kReadLimit = 64u << 10;  ///< of a file's content

  /// Starts the process; done by submit() where it is missing.
  void start();
  void submit(const Job &job);
  /// The result once there is one.
  std::optional<JobResult> take();
  /// Reads what the process sent. To be called when fd() is readable.
  void receive();
  /// Gives up on the present job.
  void abandon();

  bool busy() const { return busy_; }
  pid_t pid() const { return pid_; }
  int fd() const { return replies_.get(); }

 private:
  Fd jobs_;     // to the process
  Fd replies_;  // from it
  pid_t pid_ = 0;
  bool busy_ = false;
  std::string incoming_;
  std::optional<JobResult> result_;
};

}  // namespace kmodtest::guest
