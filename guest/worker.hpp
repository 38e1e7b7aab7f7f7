// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>

#include "base/descriptor.hpp"
#include "shared/sampling.hpp"
#include "system.hpp"
#include "wire/program.hpp"

namespace kmodtest::guest {

/// A system call that can block, or never return, because it calls into a module under test.
struct Job {
  enum class Kind : std::uint8_t {
    load,
    unload,
    look,   ///< whether there is such a file; never opens it
    read,   ///< a file, without waiting for what a device or pipe may deliver later
    watch,  ///< repeat the last `look` or `read` until the result differs or `until` has passed
    stop,   ///< end a `watch`; has no result of its own
    write,
    list_entries,
    read_resources,
    read_memory,
    device_call  ///< `argument`: of device_calls.hpp
  };

  Job() = default;
  explicit Job(Kind its_kind, std::string its_subject = {}, std::string its_argument = {}, bool forced = false)
      : kind(its_kind), subject(std::move(its_subject)), argument(std::move(its_argument)), force(forced) {}

  Kind kind = Kind::read;
  std::string subject;               ///< a path, or the module to unload
  std::string argument;              ///< parameters of a module, or the content to write
  bool force = false;                ///< of unload
  std::int32_t cpu = wire::kAnyCpu;  ///< on which the call is made
  shared::Sampling sampling;         ///< of watch
  Time until{0};                     ///< of watch
};

struct JobResult {
  int error = 0;
  Time took{0};
  Time busy{0};  ///< the CPU time that it took
  std::string content;
  bool truncated = false;
  bool died = false;  ///< the kernel killed the process during the call (an oops): no other field counts
};

/// A process that makes the agent's blocking calls, so that PID 1 never blocks. Started once: a fork for each call
/// would cost more than the calls. If a call does not return in time, its process is abandoned.
class Worker {
 public:
  static constexpr std::size_t kReadLimit = 64u << 10;  ///< of a file's content

  /// Starts the process; submit() does so if it is missing.
  void start();
  void submit(const Job &job);
  /// Submits a job and waits for its result, however long that takes.
  JobResult finish(const Job &job);
  /// Returns the result once there is one.
  std::optional<JobResult> take();
  /// Reads what the process sent. Call it when fd() is readable.
  void receive();
  /// Ends a `watch`; its result follows.
  void stop_watching();
  /// Gives up on the present job.
  void abandon();

  bool busy() const { return busy_; }
  pid_t pid() const { return pid_; }
  int fd() const { return replies_.get(); }

 private:
  base::Descriptor jobs_;     // to the process
  base::Descriptor replies_;  // from it
  pid_t pid_ = 0;
  bool busy_ = false;
  std::string incoming_;
  std::optional<JobResult> result_;
};

}  // namespace kmodtest::guest
