// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "channel.hpp"
#include "commands.hpp"
#include "entries.hpp"
#include "kernel_log.hpp"
#include "receiver.hpp"
#include "resources.hpp"
#include "sched_trace.hpp"
#include "shared/log_budget.hpp"
#include "system.hpp"
#include "tasks.hpp"
#include "terminal.hpp"
#include "wire/frame.hpp"
#include "worker.hpp"

namespace kmodtest::guest {

/// The guest's state before a program did anything to it.
struct Baseline {
  std::string entries;
  ResourceSet resources;
  wire::Inventory inventory;
  KernelThreads threads;  ///< knows those of the inventory
};

/// The one loop of PID 1, which handles all events. A running program calls turn() while it waits, so the log keeps
/// streaming, and Hello, Push and Cancel are answered.
class Agent {
 public:
  Agent(std::unique_ptr<Channel> channel, Worker worker);

  /// Sends READY, then serves the controller indefinitely. Under virtual time the kernel first gets time to finish its
  /// work after booting: that costs nothing, and the saved state then no longer changes on its own.
  [[noreturn]] void serve(bool virtual_time);

  /// Waits for an event, at most until `until`, and handles it.
  void turn(Time until);
  /// Streams the kernel log as far as it is there now; later messages follow it.
  void pump_log();
  /// Sends a message that belongs to the running program.
  void report(const wire::AgentMessage &report);
  /// Sends the trace of the scheduler up to now, and whether that is all.
  void pump_trace();

  /// Sends Resting, and waits for the continuation; returns nothing after a cancellation.
  std::optional<wire::Continue> rest();

  bool cancelled() const { return cancelled_; }
  /// Returns whether the host is slower than the agent: then nothing new should be sampled.
  bool congested() const { return channel_->connected() && channel_->congested(); }

  Worker worker;
  Commands commands;
  KernelLog log;
  SchedTrace sched_trace;
  /// Taken when the guest was idle; a program without prerequisites of its own need not take it again.
  std::optional<Baseline> pristine;

 private:
  /// Returns how long to wait before looking for a request in memory again.
  Time request_pause() const;
  void send_log(wire::LogLines lines);
  void handle_frames();
  void handle(const wire::Frame &frame);
  void answer(const wire::AgentMessage &report, std::uint32_t id);
  void open_terminal(const wire::OpenTerminal &wanted, std::uint32_t id);
  void serve_terminal();

  std::unique_ptr<Channel> channel_;
  FileReceiver receiver_;
  std::optional<wire::Program> waiting_;  // a requested program
  std::uint32_t program_id_ = 0;
  Terminal terminal_;
  std::uint32_t terminal_id_ = 0;
  Time last_request_{0};  // or the end of the last program
  bool running_ = false;
  shared::LogBudget log_budget_;  // of the running program
  bool resting_ = false;
  std::optional<wire::Continue> more_;  // the continuation of a resting program
  bool cancelled_ = false;
};

}  // namespace kmodtest::guest
