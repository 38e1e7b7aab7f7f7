// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <poll.h>
#include <string>
#include <vector>

#include "system.hpp"
#include "wire/message.hpp"

namespace kmodtest::guest {

/// Has the kernel record what its scheduler does with threads that come up later (tracefs, in an instance of our own;
/// kernel: Documentation/trace/ftrace.rst, events.rst). All is set up once, before a guest is saved; a case only
/// switches the recording on, which takes one write. Filters in the kernel keep everything out that was there at the
/// time of prepare(): this agent, its worker, the kernel's own threads.
class SchedTrace {
 public:
  /// Makes the instance. Switched off, its events cost a few instructions for each switch of a task.
  void prepare();
  /// Records from now on.
  wire::TraceStarted start();
  /// Stops. What was recorded is still to be taken with take_all().
  void stop();
  bool running() const { return running_; }

  /// A CPU's buffer wants to be emptied when it is half full, so that a quiet guest is not woken for it.
  void add_to(std::vector<pollfd> &polled) const;
  /// What the buffers that poll() spoke of have.
  std::vector<wire::TracePages> take_ready(const std::vector<pollfd> &polled);
  /// All that there is.
  std::vector<wire::TracePages> take_all();
  wire::TraceChecked check() const;

 private:
  struct Buffer {
    std::uint32_t cpu = 0;
    Fd pages;
  };

  void enable_events(const std::string &newer_than);
  bool enable_event(const std::string &event, const std::string &filter);
  void take(const Buffer &buffer, std::vector<wire::TracePages> &taken);
  /// Events that found no room since the guest booted.
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
