// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "vm/guest.hpp"

namespace kmodtest::support {

/// Plays the agent: a coroutine that owns the guest's end of the channel. The guest's channel closes when it returns.
using FakeAgent = std::function<base::Task<>(base::UnixSocket)>;

/// Plays an agent that sends READY and nothing else.
base::Task<> say_ready(base::UnixSocket socket);

/// A test's view of a fake guest, and its controls. Outlives the guest.
class FakeMachine {
 public:
  vm::GuestSpec spec;
  std::string name;
  int channels_opened = 0;
  int restored = 0;        ///< number of successful calls of restore()
  bool saved = false;      ///< it was started from a saved state
  bool stopped = false;    ///< stop() was called
  bool destroyed = false;  ///< the Guest object no longer exists

  /// Makes restore() fail with this message from now on; empty: succeed again.
  void refuse_to_restore(const std::string &why) { restore_refusal_ = why; }
  /// Makes dump() fail with this message from now on, after writing a part; empty: succeed again.
  void refuse_to_dump(const std::string &why) { dump_refusal_ = why; }
  void set_console(const std::string &text) { console_ = text; }
  /// Changes the state and calls the callback, as if the guest panicked or its QEMU ended.
  void change_state(vm::GuestState to);

 private:
  friend class FakeGuest;
  std::string console_;
  std::string restore_refusal_;
  std::string dump_refusal_;
  vm::GuestState state_ = vm::GuestState::running;
  std::function<void(vm::GuestState)> callback_;
};

/// The memory that a FakeGuest shares with the controller. It connects a running FakeAgent.
class FakeMemory;

/// A guest whose channel is a socket pair, or memory, with a FakeAgent at the other end.
class FakeGuest : public vm::Guest {
 public:
  FakeGuest(std::shared_ptr<FakeMachine> machine, FakeAgent agent);
  ~FakeGuest() override;

  base::Task<base::UnixSocket> open_channel() override;
  std::filesystem::path shared_memory() const override;
  base::Task<> pause() override;
  base::Task<> resume() override;
  base::Task<> save(std::function<void(const vm::StateFiles &)> keep) override;
  base::Task<> restore() override;
  /// Does nothing: there is nothing to see.
  base::Task<> inspect(std::function<void(vm::Inspector &)> look) override;
  base::Task<std::chrono::nanoseconds> cpu_time() override { co_return std::chrono::nanoseconds(0); }
  /// Writes "dump of NAME", or fails with the message of refuse_to_dump().
  base::Task<> dump(std::filesystem::path to) override;
  vm::GuestState state() const override { return machine_->state_; }
  void on_state_change(std::function<void(vm::GuestState)> callback) override {
    machine_->callback_ = std::move(callback);
  }
  std::string console() const override { return machine_->console_; }
  std::string xml() const override { return "<domain/>"; }
  int qemu_pid() const override { return 1; }
  base::Task<> stop() override;
  base::Task<std::filesystem::path> serve_debugger() override { co_return std::filesystem::path("/fake/gdb"); }

 private:
  std::shared_ptr<FakeMachine> machine_;
  FakeAgent agent_;
  std::shared_ptr<FakeMemory> memory_;
};

/// Starts FakeGuests, all on one io_context's thread.
class FakeHypervisor : public vm::Hypervisor {
 public:
  /// Plays `agent` at each opened channel. Without one the guest is always silent.
  explicit FakeHypervisor(FakeAgent agent = {}) : agent_(std::move(agent)) {}

  base::Task<std::unique_ptr<vm::Guest>> start(vm::GuestSpec spec, std::string name) override;
  base::Task<std::unique_ptr<vm::Guest>> start_saved(vm::GuestSpec spec, std::string name,
                                                     std::shared_ptr<vm::SavedState> state) override;
  std::string qemu_version() const override { return "0.0 (fake)"; }
  vm::EmulatorHelp emulator_help() const override { return {}; }
  std::string host_cpu() const override { return {}; }
  std::string why_memory_is_not_apart() const override { return "QEMU has no memory"; }
  std::string connection() const override { return "fake"; }
  std::string describe() const override { return "fake hypervisor"; }

  /// Makes start() throw base::Error with this text from now on; empty: succeed again.
  void refuse_to_start(const std::string &why) { refusal_ = why; }
  /// Sets a function that is called with each machine before start() returns.
  void on_start(std::function<void(FakeMachine &)> callback) { on_start_ = std::move(callback); }

  /// Returns all machines in the order in which they were started.
  const std::vector<std::shared_ptr<FakeMachine>> &machines() const { return machines_; }
  /// Returns the number of machines that are neither stopped nor destroyed.
  int running() const;

 private:
  FakeAgent agent_;
  std::string refusal_;
  std::function<void(FakeMachine &)> on_start_;
  std::vector<std::shared_ptr<FakeMachine>> machines_;
};

}  // namespace kmodtest::support
