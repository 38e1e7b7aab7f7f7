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
#include "system.hpp"
#include "terminal.hpp"
#include "wire/frame.hpp"
#include "worker.hpp"

namespace kmodtest::guest {

/// What the guest looked like before a program did anything to it.
struct Baseline {
  EntrySet entries;
  ResourceSet resources;
  wire::Inventory inventory;
};

/// The one loop of PID 1: everything that happens is noticed here. A running program calls turn() while it waits, so
/// the log goes on streaming, and Hello, Push and Cancel are answered.
class Agent {
 public:
  Agent(std::unique_ptr<Channel> channel, Worker worker);

  /// Says READY, then serves the controller for ever. Under virtual time the kernel gets the time to finish what it
  /// does after booting first: it costs nothing, and what is saved then changes no more by itself.
  [[noreturn]] void serve(bool virtual_time);

  /// Waits until something happened, at most until `until`, and deals with it.
  void turn(Time until);
  /// Streams what the kernel log has got by now; reports that follow come behind it.
  void pump_log();
  /// A report that belongs to the running program.
  void report(const wire::AgentMessage &report);
  /// Sends what the trace of the scheduler has up to now, and whether that is all.
  void pump_trace();

  /// Says Resting, and waits for what follows; nothing after a cancellation.
  std::optional<wire::Continue> rest();

  bool cancelled() const { return cancelled_; }
  /// The host is slower than us: nothing new should be sampled now.
  bool congested() const { return channel_->connected() && channel_->congested(); }

  Worker worker;
  Commands commands;
  KernelLog log;
  SchedTrace sched_trace;
  /// Taken when nothing went on in the guest any more; a program without prerequisites of its own need not look again.
  std::optional<Baseline> pristine;

 private:
  void handle_frames();
  void handle(const wire::Frame &frame);
  void answer(const wire::AgentMessage &report, std::uint32_t id);
  void open_terminal(const wire::OpenTerminal &wanted, std::uint32_t id);
  void serve_terminal();

  std::unique_ptr<Channel> channel_;
  FileReceiver receiver_;
  std::optional<wire::Program> waiting_;  // a program that was asked for
  std::uint32_t program_id_ = 0;
  Terminal terminal_;
  std::uint32_t terminal_id_ = 0;
  bool running_ = false;
  bool resting_ = false;
  std::optional<wire::Continue> more_;  // what a resting program was told
  bool cancelled_ = false;
};

}  // namespace kmodtest::guest
