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

/// The channel can no longer be used: it is closed, silent past the deadline, corrupt, speaks another protocol version,
/// or is too small for the case.
class SessionError : public std::runtime_error {
 public:
  enum class Kind { closed, timeout, corrupt, version, overflow };
  SessionError(Kind kind, const std::string &message) : std::runtime_error(message), kind_(kind) {}
  Kind kind() const { return kind_; }
  base::Code code() const;

 private:
  Kind kind_;
};

/// One conversation with one agent. Only one coroutine can use it at a time, except for close().
class Session {
 public:
  /// Numbers requests from `first_id` on, because another conversation with this agent has used the ids before it.
  explicit Session(std::unique_ptr<Transport> transport, std::uint32_t first_id = 1);
  /// Talks over a socket.
  explicit Session(base::UnixSocket socket, std::uint32_t first_id = 1);
  ~Session();
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;

  /// Waits for the Info that an agent sends unasked when it starts. Sends nothing before that: a serial line with
  /// nobody at its other end would keep the last bytes and corrupt the first frame. `lost` returns the time so far in
  /// which the guest could not do anything; the deadline moves by its growth. Throws SessionError.
  base::Task<wire::AgentInfo> ready(std::chrono::milliseconds deadline,
                                    std::function<std::chrono::milliseconds()> lost = {});

  /// Sends Hello to an agent that is already running, and waits for its Info. Throws SessionError.
  base::Task<wire::AgentInfo> greet(std::chrono::milliseconds deadline);

  /// Pushes bytes to a path below /tmp in the guest. If the transport is not live, the guest accepts or refuses the
  /// file only when run() resumes it. Throws SessionError; base::Error if the guest refuses the file (full).
  base::Task<> push(std::string path, const std::string &content, std::chrono::milliseconds deadline);

  /// Runs a program. Passes each agent message to `on_message` as it arrives (on the io_context), and returns the last
  /// one. `wall_deadline` guards against a guest that spins or is silent: the program's own deadlines count guest time.
  /// If the transport is not live, `go` resumes the guest once everything is written. Throws SessionError.
  base::Task<wire::ProgramEnded> run(wire::Program program, std::chrono::milliseconds wall_deadline,
                                     std::function<void(const wire::AgentMessage &)> on_message,
                                     std::function<base::Task<>()> go = {});

  /// Runs a program that rests (Program::rests), as run() does. Returns nothing when the program rests.
  base::Task<std::optional<wire::ProgramEnded>> begin(wire::Program program, std::chrono::milliseconds wall_deadline,
                                                      std::function<void(const wire::AgentMessage &)> on_message,
                                                      std::function<base::Task<>()> go = {});
  /// Continues a program that rests, as begin() does. `go` resumes a paused guest; it is not called if holds_still().
  base::Task<std::optional<wire::ProgramEnded>> go_on(wire::Continue more, std::chrono::milliseconds wall_deadline,
                                                      std::function<void(const wire::AgentMessage &)> on_message,
                                                      std::function<base::Task<>()> go = {});
  /// Returns whether QEMU holds a resting guest under virtual time in the middle of an instruction. Otherwise the guest
  /// keeps running and has to be paused. Throws SessionError.
  base::Task<bool> holds_still(std::chrono::milliseconds deadline);

  /// Returns when a guest that is ready() has come to the moment in which it can be saved: QEMU has paused it, or
  /// cannot do that. Throws SessionError.
  base::Task<> settled(std::chrono::milliseconds deadline);

  /// Opens a shell and returns how it ended. Passes TerminalOutput and LogLines to `on_message` as they arrive. type()
  /// and resize() can be called in the meantime. `go` works as in run(). Throws SessionError; base::Error if the guest
  /// refuses.
  base::Task<wire::TerminalEnded> terminal(wire::OpenTerminal wanted,
                                           std::function<void(const wire::AgentMessage &)> on_message,
                                           std::function<base::Task<>()> go = {});
  /// Sends input to the shell. Calls must not overlap.
  base::Task<> type(std::string data);
  base::Task<> resize(std::uint16_t rows, std::uint16_t columns);

  /// Returns what the agent reported about itself, if it has done so: in its answer to ready() or greet(), or during
  /// run() if the transport is not live.
  const std::optional<wire::AgentInfo> &info() const;

  /// Makes every pending operation end with SessionError::closed. Never throws; from the io_context's thread.
  void close() noexcept;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace kmodtest::agent
