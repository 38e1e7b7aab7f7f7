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
#include "run/cancellation.hpp"
#include "run/guests/guest_slot.hpp"
#include "vm/guest.hpp"
#include "vm/snapshots/snapshot_store.hpp"

namespace kmodtest::run {

/// Opens a hypervisor on an io_context; a fake in tests.
using OpenHypervisor = std::function<std::unique_ptr<vm::Hypervisor>(base::asio::io_context &)>;

/// What outlives a run where another one follows it (kmodtest watch): the loop, the hypervisor, the store of snapshots,
/// and the slots with their guests. A run by itself has a pool of its own. For the thread of its loop.
class GuestPool {
 public:
  struct Options {
    std::filesystem::path cache;
    bool snapshots = true;  ///< false: each case boots its guest
    bool keep = false;      ///< guests stay when their run has ended, until clear()
    std::size_t slots = 1;  ///< with `keep`: at most so many guests; more where a run has more workers
  };
  GuestPool(Options options, OpenHypervisor open);
  GuestPool(const GuestPool &) = delete;
  GuestPool &operator=(const GuestPool &) = delete;

  base::asio::io_context &io() { return io_; }
  const Options &options() const { return options_; }
  Cancellation &cancellation() { return cancellation_; }
  /// Opened at the first call. Throws base::Error.
  vm::Hypervisor &hypervisor();
  /// What guests run on; nothing as long as no case asked.
  std::optional<vm::Accelerator> &accelerator() { return accelerator_; }
  /// Counts from 1: a part of a guest's name that no other guest has.
  std::size_t next_guest() { return ++guests_; }

  /// From any thread: a word to the user. Whoever hears it at the moment is called on the loop's thread.
  void say(const std::string &text);
  /// With `keep`: at most so many guests from here on; what is there beyond them stays.
  void keep_guests(std::size_t most) { options_.slots = most; }

  /// Hears what is said while it lives, and makes the pool ready for a run. One at a time.
  class Listening {
   public:
    Listening(GuestPool &pool, std::function<void(const std::string &)> hear);
    ~Listening();
    Listening(const Listening &) = delete;
    Listening &operator=(const Listening &) = delete;

   private:
    GuestPool &pool_;
  };

  /// A slot for a guest with this key (vm::hash(); empty: for any), in exchange for the one that is held (may be
  /// null): the one that has such a guest, else an empty one, else the one that was left longest ago.
  GuestSlot &change(GuestSlot *held, const std::string &key);
  /// Gives a slot back; its guest stays in it. Null: nothing.
  void leave(GuestSlot *held);

  /// Brings the guests of all slots that nobody holds back to where the next case wants them, until `enough` says so.
  base::Task<> get_ready(std::function<bool()> enough);
  /// Ends all guests. Has to be called before the pool goes, or they end impolitely.
  base::Task<> clear();
  /// Runs the loop until the task is done; throws what it throws.
  void finish(base::Task<> task);

 private:
  struct Entry {
    Entry(vm::Hypervisor &hypervisor, Snapshots snapshots, Cancellation &cancellation)
        : slot(hypervisor, std::move(snapshots), cancellation) {}
    GuestSlot slot;
    bool held = false;
    std::uint64_t left = 0;  ///< when it was left last
  };

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
  std::vector<std::unique_ptr<Entry>> entries_;
  std::uint64_t clock_ = 0;
  std::size_t guests_ = 0;
};

}  // namespace kmodtest::run
