// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/asio.hpp"
#include "base/notice_sink.hpp"
#include "base/task.hpp"
#include "kernel/kernel.hpp"
#include "plan/plan.hpp"
#include "run/cancellation.hpp"
#include "run/guests/guest_slot.hpp"
#include "vm/accelerator.hpp"
#include "vm/guest.hpp"
#include "vm/snapshots/snapshot_store.hpp"

namespace kmodtest::run {

/// Opens a hypervisor on an io_context; a fake in tests.
using OpenHypervisor = std::function<std::unique_ptr<vm::Hypervisor>(base::asio::io_context &)>;

/// Owns everything that brings guests up: the event loop, the hypervisor, the choice of accelerator and clock, the
/// snapshots, and the slots with their guests. The runner, shells, the library and doctor get their guests here. A pool
/// can outlive a run and keep its guests for the next one (kmodtest watch). Except for say(), all calls must be made on
/// the loop's thread.
class GuestPool final : public base::NoticeSink {
 public:
  struct Options {
    std::filesystem::path cache;
    bool snapshots = true;  ///< false: each case boots its guest
    bool allow_kvm = true;  ///< false: all guests are emulated
    bool keep = false;      ///< guests stay after release(), until clear()
    std::size_t slots = 1;  ///< with `keep`: the largest number of guests; exceeded if more are acquired at once
  };
  GuestPool(Options options, OpenHypervisor open);
  GuestPool(const GuestPool &) = delete;
  GuestPool &operator=(const GuestPool &) = delete;

  base::asio::io_context &io() { return io_; }
  const Options &options() const { return options_; }
  Cancellation &cancellation() { return cancellation_; }
  /// Returns the hypervisor, which is opened at the first call. Throws base::Error.
  vm::Hypervisor &hypervisor();
  /// Closes the hypervisor and removes its folder. All guests must have been ended, and none can follow.
  void close();
  /// Returns a part of a guest's name that no other guest has. Counts from 1.
  std::size_t next_guest() { return ++last_guest_; }
  /// Limits the kept guests from now on. Guests beyond the limit stay.
  void keep_guests(std::size_t most) { options_.slots = most; }

  /// Hands the text to the present Listening, on the loop's thread; at once if called on that thread.
  void say(const std::string &text) override;

  /// Receives all notices while it lives, and prepares the pool for a run. There can be one at a time.
  class Listening {
   public:
    Listening(GuestPool &pool, std::function<void(const std::string &)> hear);
    ~Listening();
    Listening(const Listening &) = delete;
    Listening &operator=(const Listening &) = delete;

   private:
    GuestPool &pool_;
  };

  /// Sets the accelerator and the clock of a case's guest. The first call that can use KVM tries it; others wait for
  /// the answer. `unless_asked`: see clock_for(). Throws base::Interrupted after a cancellation.
  base::Task<> choose_machine(const plan::Case &test_case, const kernel::Kernel &kernel, vm::GuestSpec &spec,
                              vm::Clock unless_asked = vm::Clock::virtual_);
  /// Returns the accelerator of the guests; nothing until a case has asked for it.
  std::optional<vm::Accelerator> accelerator() const { return accelerator_; }
  /// Returns whether KVM works: the answer in the cache, or the result of booting a trial guest of this spec, which
  /// takes seconds.
  base::Task<vm::KvmAnswer> kvm_answer(vm::GuestSpec spec, const kernel::Kernel &kernel);

  /// Returns a slot for a guest of this spec in exchange for `own` (can be null): the slot that has such a guest,
  /// else an empty one, else the one that was released first. The slot brings the guest up.
  GuestSlot &acquire(const vm::GuestSpec &spec, GuestSlot *own = nullptr);
  /// Takes a slot back; null: does nothing. With `keep` its guest stays in it, otherwise it is ended.
  base::Task<> release(GuestSlot *slot);

  /// Restores the guests of all unused slots ahead of time, until `enough` returns true.
  base::Task<> get_ready(std::function<bool()> enough);
  /// Ends all guests. Call it before destruction; otherwise the guests are killed.
  base::Task<> clear();
  /// Runs the loop until the task is done; throws what it throws.
  void finish(base::Task<> task);

 private:
  struct Entry {
    Entry(vm::Hypervisor &hypervisor, Snapshots snapshots, Cancellation &cancellation)
        : slot(hypervisor, snapshots, cancellation) {}
    GuestSlot slot;
    bool in_use = false;
    std::uint64_t released = 0;  ///< the time, counted by clock_
  };

  void mark_released(const GuestSlot *slot);
  Entry &add_entry();
  base::Task<> choose_accelerator(vm::GuestSpec spec, const kernel::Kernel &kernel);

  Options options_;
  OpenHypervisor open_;
  base::asio::io_context io_;
  base::asio::executor_work_guard<base::asio::io_context::executor_type> open_for_work_{io_.get_executor()};
  base::asio::thread_pool threads_;
  Cancellation cancellation_;
  std::function<void(const std::string &)> hear_;
  std::optional<vm::SnapshotStore> store_;  ///< nothing with --no-snapshot
  std::unique_ptr<vm::Hypervisor> hypervisor_;
  std::optional<vm::Accelerator> accelerator_;
  bool probing_ = false;
  base::Event probe_ended_{io_};
  std::vector<std::unique_ptr<Entry>> entries_;
  std::uint64_t clock_ = 0;
  std::size_t last_guest_ = 0;
};

}  // namespace kmodtest::run
