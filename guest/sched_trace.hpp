// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <poll.h>
#include <string>
#include <vector>

#include "base/descriptor.hpp"
#include "system.hpp"
#include "wire/message.hpp"

namespace kmodtest::guest {

/// Makes the kernel record what its scheduler does with threads that appear later (tracefs, in an instance of our own;
/// kernel: Documentation/trace/ftrace.rst, events.rst). Everything is set up once, before a guest is saved; a case only
/// switches the recording on, with one write. Filters in the kernel exclude everything that existed at the time of
/// prepare(): this agent, its worker, the kernel's own threads.
class SchedTrace {
 public:
  /// Creates the instance. While switched off, its events cost a few instructions for each task switch.
  void prepare();
  /// Records from now on.
  wire::TraceStarted start();
  /// Stops recording. take_all() still returns what was recorded.
  void stop();
  bool running() const { return running_; }

  /// Adds the descriptors to poll. A CPU's buffer is ready when it is half full, so that a quiet guest is not woken for
  /// it.
  void add_to(std::vector<pollfd> &polled) const;
  /// Returns the content of the buffers that poll() reported.
  std::vector<wire::TracePages> take_ready(const std::vector<pollfd> &polled);
  /// Returns the content of all buffers.
  std::vector<wire::TracePages> take_all();
  wire::TraceChecked check() const;

 private:
  struct Buffer {
    std::uint32_t cpu = 0;
    base::Descriptor pages;
  };

  void enable_events(const std::string &newer_than);
  bool enable_event(const std::string &event, const std::string &filter);
  void take(const Buffer &buffer, std::vector<wire::TracePages> &taken);
  /// Returns how many events did not fit since the guest booted.
  std::uint64_t count_lost() const;

  std::vector<Buffer> buffers_;
  std::string header_page_;
  std::vector<std::string> formats_;
  std::string error_ = "it was not set up";
  std::uint64_t lost_before_ = 0;  // by programs before this one
  std::size_t bytes_ = 0;
  bool running_ = false;
  bool full_ = false;
};

}  // namespace kmodtest::guest
