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

/// An agent that says READY and nothing else.
base::Task<> say_ready(base::UnixSocket socket);

/// What a test sees of a fake guest and does to it. Outlives the guest.
class FakeMachine {
 public:
  vm::GuestSpec spec;
  std::string name;
  int channels_opened = 0;
  int restored = 0;        ///< restore() succeeded so often
  bool saved = false;      ///< it was started from a saved state
  bool stopped = false;    ///< stop() was called
  bool destroyed = false;  ///< the Guest object is gone

  /// From now on restore() fails in these words; empty: no more.
  void refuse_to_restore(const std::string &why) { restore_refusal_ = why; }
  /// From now on dump() fails in these words, having written a part.
  void refuse_to_dump(const std::string &why) { dump_refusal_ = why; }
  void set_console(const std::string &text) { console_ = text; }
  /// As if the guest panicked or its QEMU ended: changes the state and calls the callback.
  void change_state(vm::GuestState to);

 private:
  friend class FakeGuest;
  std::string console_;
  std::string restore_refusal_;
  std::string dump_refusal_;
  vm::GuestState state_ = vm::GuestState::running;
  std::function<void(vm::GuestState)> callback_;
};

/// The memory that a FakeGuest shares with the controller, and a FakeAgent that is carried on over it while it runs.
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
  base::Task<> save(std::function<void(const std::filesystem::path &)> keep) override;
  base::Task<> restore() override;
  /// There is nothing to see.
  base::Task<> inspect(std::function<void(vm::Inspector &)> look) override;
  base::Task<std::chrono::nanoseconds> cpu_time() override { co_return std::chrono::nanoseconds(0); }
  /// Writes "dump of NAME", or fails in the words of refuse_to_dump().
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

/// Starts FakeGuests. All on one io_context's thread.
class FakeHypervisor : public vm::Hypervisor {
 public:
  /// `agent` is played at each opened channel. Without one the guest stays silent for ever.
  explicit FakeHypervisor(FakeAgent agent = {}) : agent_(std::move(agent)) {}

  base::Task<std::unique_ptr<vm::Guest>> start(vm::GuestSpec spec, std::string name) override;
  base::Task<std::unique_ptr<vm::Guest>> start_saved(vm::GuestSpec spec, std::string name,
                                                     std::shared_ptr<vm::SavedState> state) override;
  std::string qemu_version() const override { return "0.0 (fake)"; }
  std::string describe() const override { return "fake hypervisor"; }

  /// Makes start() throw base::Error with this text from now on; empty: no more.
  void refuse_to_start(const std::string &why) { refusal_ = why; }
  /// Called with each machine before start() returns.
  void on_start(std::function<void(FakeMachine &)> callback) { on_start_ = std::move(callback); }

  /// All that were started, in that order.
  const std::vector<std::shared_ptr<FakeMachine>> &machines() const { return machines_; }
  /// How many of them are neither stopped nor destroyed.
  int running() const;

 private:
  FakeAgent agent_;
  std::string refusal_;
  std::function<void(FakeMachine &)> on_start_;
  std::vector<std::shared_ptr<FakeMachine>> machines_;
};

}  // namespace kmodtest::support
