// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "agent/session.hpp"
#include "base/asio.hpp"
#include "base/notice_sink.hpp"
#include "judge/observations.hpp"
#include "outcome/event.hpp"
#include "run/cancellation.hpp"
#include "run/guests/boot.hpp"
#include "run/guests/progress.hpp"
#include "vm/guest.hpp"
#include "vm/snapshots/snapshot_store.hpp"

namespace kmodtest::run {

/// What a guest did instead of coming up.
struct BootFailure {
  judge::Ending ending;
  std::string console;
  std::string domain_xml;
};

/// A pristine guest that stands still, or why there is none.
struct Pristine {
  vm::Guest *guest = nullptr;  ///< the slot's; nullptr: see `failure`
  std::optional<BootFailure> failure;
};

/// Where snapshots are kept; nothing is kept without a store, and each case boots.
struct Snapshots {
  vm::SnapshotStore *store = nullptr;
  /// Runs blocking calls of the store.
  base::asio::thread_pool *threads = nullptr;
  /// Told why a guest cannot be kept, and is booted for each of its cases.
  base::NoticeSink *notices = &base::ignored_notices();
};

/// Where one worker's guest lies between its cases (guests with ChannelKind::memory). A case gets it back as it was
/// when it had just booted: restored in place where the guest is of the wanted spec and its QEMU lives, else in a new
/// QEMU from the store, else booted, once per spec and machine, and kept in the store. Where that fails (a full disk, a
/// QEMU that cannot save this machine) the guest is booted for each case.
class GuestSlot {
 public:
  GuestSlot(vm::Hypervisor &hypervisor, Snapshots snapshots, Cancellation &cancellation)
      : hypervisor_(hypervisor), snapshots_(snapshots), cancellation_(cancellation) {}

  /// `description` is what `kmodtest cache list` says of the snapshot. Adds to the timings `start` (a new QEMU), `boot`
  /// and `restore`. Throws base::Error when no guest can be had, base::Interrupted after a cancellation.
  base::Task<Pristine> pristine(vm::GuestSpec spec, std::string name, std::string description,
                                std::chrono::milliseconds boot_deadline, Progress progress, outcome::Timings &timings);

  /// Boots a guest for the caller alone, which is not kept here (boot_guest()).
  base::Task<Booted> boot_own(BootRequest request, outcome::Timings &timings);

  /// After a case whose guest did not answer any more: QEMU may keep a trace of it that restoring does not reset.
  void distrust() { trusted_ = false; }

  /// Lets the guest do nothing until the next case: an idle one under virtual time keeps a CPU of the host busy.
  base::Task<> pause();

  /// The present guest; nullptr: there is none.
  vm::Guest *guest() const { return guest_.get(); }

  /// The key of the present guest's spec; empty: there is none.
  const std::string &key() const { return key_; }

  /// Restores the guest, in a new QEMU where this one is not to be trusted, before a case asks for it. One that cannot
  /// be restored is ended.
  base::Task<> get_ready();

  /// Ends the guest. Has to be called before the io_context goes.
  base::Task<> clear();

 private:
  base::Task<bool> restore(outcome::Timings &timings);
  /// Boots, and lets the guest stand still; for this case alone.
  base::Task<Pristine> boot_for_one(const vm::GuestSpec &spec, const std::string &name,
                                    std::chrono::milliseconds deadline, const Progress &progress,
                                    outcome::Timings &timings);
  /// Puts the booted guest into the store and starts it from there. Throws base::Error.
  base::Task<> keep(const vm::GuestSpec &spec, const std::string &name, std::string description,
                    outcome::Timings &timings);
  base::Task<bool> start_saved(const vm::GuestSpec &spec, const std::string &name, outcome::Timings &timings);
  base::Task<std::optional<BootFailure>> boot(const vm::GuestSpec &spec, const std::string &name,
                                              std::chrono::milliseconds deadline, outcome::Timings &timings);

  vm::Hypervisor &hypervisor_;
  Snapshots snapshots_;
  Cancellation &cancellation_;
  std::unique_ptr<vm::Guest> guest_;
  std::string key_;
  std::optional<vm::GuestSpec> spec_;  ///< of the present guest, and
  std::string name_;                   ///< its name, where it can be had again from the store
  bool trusted_ = true;
  bool ready_ = false;              ///< nothing happened to the guest since it was restored
  std::set<std::string> not_kept_;  // keys of guests that could not be saved or restored
};

}  // namespace kmodtest::run
