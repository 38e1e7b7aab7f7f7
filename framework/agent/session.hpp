// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "agent/transport.hpp"
#include "base/asio.hpp"
#include "base/error_code.hpp"
#include "wire/frame.hpp"

/// The controller's end of the channel.
namespace kmodtest::agent {

/// The channel is of no more use: closed, silent past the deadline, corrupt, of another protocol version, or too
/// small for the case.
class SessionError : public std::runtime_error {
 public:
  enum class Kind { closed, timeout, corrupt, version, overflow };
  SessionError(Kind kind, const std::string &message) : std::runtime_error(message), kind_(kind) {}
  Kind kind() const { return kind_; }
  base::Code code() const;

 private:
  Kind kind_;
};

/// One conversation with one agent. Not for use by several coroutines at once, except cancel() and close().
class Session {
 public:
  /// Requests get ids from `first_id` on: another conversation with the same agent has used those before.
  explicit Session(std::unique_ptr<Transport> transport, std::uint32_t first_id = 1);
  /// Over a socket.
  explicit Session(base::UnixSocket socket, std::uint32_t first_id = 1);
  ~Session();
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;

  /// Waits for the Info that an agent sends by itself when it comes up. Nothing is sent before: a serial line without
  /// anybody at its other end would keep the tail of it and spoil the first frame. Throws SessionError.
  /// `lost`: time in which the guest could not do anything, so far; the deadline moves by what that grows.
  base::Task<wire::AgentInfo> ready(std::chrono::milliseconds deadline,
                                    std::function<std::chrono::milliseconds()> lost = {});

  /// Says Hello to an agent that is up already, and waits for its Info. Throws SessionError.
  base::Task<wire::AgentInfo> greet(std::chrono::milliseconds deadline);

  /// Pushes bytes to a path below /tmp in the guest. Throws SessionError; base::Error when the guest refuses (full).
  /// Where the transport is not live, the guest takes the file, and may refuse it, when run() lets it go.
  base::Task<> push(std::string path, const std::string &content, std::chrono::milliseconds deadline);

  /// Runs a program. Every report is handed to `on_report` as it comes (on the io_context); returns the last one.
  /// `wall_deadline` guards against a guest that spins or fell silent: the program's own deadlines count guest time.
  /// `go` lets the guest go once all is written, where the transport is not live. Throws SessionError.
  base::Task<wire::ProgramEnded> run(wire::Program program, std::chrono::milliseconds wall_deadline,
                                     std::function<void(const wire::Report &)> on_report,
                                     std::function<base::Task<>()> go = {});

  /// The same for a program that rests (Program::rests): returns nothing when it does.
  base::Task<std::optional<wire::ProgramEnded>> begin(wire::Program program, std::chrono::milliseconds wall_deadline,
                                                      std::function<void(const wire::Report &)> on_report,
                                                      std::function<base::Task<>()> go = {});
  /// Goes on with a program that rests, as begin(). `go` lets a guest go that was stopped; it is not called where
  /// holds_still().
  base::Task<std::optional<wire::ProgramEnded>> go_on(wire::Continue more, std::chrono::milliseconds wall_deadline,
                                                      std::function<void(const wire::Report &)> on_report,
                                                      std::function<base::Task<>()> go = {});
  /// Of a guest under virtual time that rests: whether its QEMU holds it in the midst of an instruction. Otherwise it
  /// runs on, and has to be stopped. Throws SessionError.
  base::Task<bool> holds_still(std::chrono::milliseconds deadline);

  /// Opens a shell; TerminalOutput and LogLines are handed to `on_report` as they come. Returns how it ended. As long
  /// as that takes, type() and resize() may be called. `go` as in run(). Throws SessionError; base::Error when the
  /// guest refuses.
  base::Task<wire::TerminalEnded> terminal(wire::OpenTerminal wanted,
                                           std::function<void(const wire::Report &)> on_report,
                                           std::function<base::Task<>()> go = {});
  /// One at a time.
  base::Task<> type(std::string data);
  base::Task<> resize(std::uint16_t rows, std::uint16_t columns);

  /// What the agent said of itself, as far as it did: in its answer to ready(), greet() or, where the transport is not
  /// live, in the course of run().
  const std::optional<wire::AgentInfo> &info() const;

  /// Asks the agent to end the running program after what it is doing now; run() then returns. Does not wait.
  void cancel() noexcept;

  /// Makes every pending operation end with SessionError::closed. Never throws; from the io_context's thread.
  void close() noexcept;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace kmodtest::agent
