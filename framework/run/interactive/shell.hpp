// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/session.hpp"
#include "base/asio.hpp"
#include "base/task.hpp"
#include "plan/plan.hpp"
#include "run/case/case_runner.hpp"
#include "run/guests/guest_pool.hpp"
#include "run/prepare/prepare.hpp"
#include "vm/guest.hpp"

namespace kmodtest::run {

struct ShellOptions {
  KernelChoice kernel;
  Limits limits;
  bool debugger = false;  ///< the guest is paused until gdb resumes it
};

/// How a session ended.
struct ShellEnd {
  std::optional<int> exit_status;  ///< of the shell; nothing if it did not end on its own
  bool panicked = false;
  std::string death;    ///< why the guest ended; empty if it did not
  std::string console;  ///< the output of the serial console, if the guest ended
};

/// The user's end of a session. All calls come from the io_context's thread.
class ShellUser {
 public:
  virtual ~ShellUser() = default;
  /// Shows a message: something takes long, or the user has to know it.
  virtual void say(const std::string &text) = 0;
  /// Returns how to open the terminal of the guest, which is up and paused. `guest` and `modules` are shown to the
  /// user.
  virtual wire::OpenTerminal begin(const std::string &guest, const std::vector<std::string> &modules) = 0;
  virtual void on(const wire::TerminalOutput &output) = 0;
  virtual void on(const wire::LogLines &lines) = 0;
};

/// One interactive session with a guest. Lives on the pool's thread.
class Shell {
 public:
  Shell(GuestPool &pool, ShellOptions options, ShellUser &user);

  /// Opens a pristine guest of this case with its modules below /modules, and serves the user until the shell or the
  /// guest ends, or end() is called. Throws base::Error if there can be no guest.
  base::Task<ShellEnd> run(std::shared_ptr<const plan::Case> test_case);

  /// Serves the user in a guest that a run keeps (run/interactive/guest_gateway), over its socket. Throws base::Error.
  base::Task<ShellEnd> attach(std::filesystem::path gateway);

  /// Passes on the user's input; empty at its end.
  void type(std::string data);
  void resize(std::uint16_t rows, std::uint16_t columns);
  /// Ends the session from the user's side.
  void end();

 private:
  struct Input {
    std::string data = {};
    std::uint16_t rows = 0, columns = 0;  ///< not 0: another size
  };
  /// Serves the user in the pristine guest of a slot.
  base::Task<> serve_in(GuestSlot &slot, const Prepared &prepared, ShellEnd &end);
  base::Task<vm::Guest *> bring_up(GuestSlot &slot, const Prepared &prepared);
  base::Task<> leave(GuestSlot &slot);
  base::Task<> push(const Prepared &prepared);
  /// Opens the terminal and carries both directions until it ends. `go` resumes the guest.
  base::Task<> serve(ShellEnd &end, const wire::OpenTerminal &wanted, std::function<base::Task<>()> go);
  base::Task<> pump();
  void add(Input input);

  GuestPool &pool_;
  base::asio::io_context &io_;
  ShellOptions options_;
  ShellUser &user_;
  base::asio::thread_pool threads_{1};
  Cancellation &cancellation_;
  std::unique_ptr<agent::Session> session_;
  std::deque<Input> input_;
  base::Event input_came_;
  bool serving_ = false;
};

}  // namespace kmodtest::run
