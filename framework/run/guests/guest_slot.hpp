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

/// The reason why a guest did not come up.
struct BootFailure {
  judge::Ending ending;
  std::string console;
  std::string domain_xml;
};

/// A pristine guest that is paused, or why there is none.
struct Pristine {
  vm::Guest *guest = nullptr;  ///< the slot's; nullptr: see `failure`
  std::optional<BootFailure> failure;
};

/// The place for snapshots; without a store nothing is kept, and each case boots.
struct Snapshots {
  vm::SnapshotStore *store = nullptr;
  /// Runs blocking calls of the store.
  base::asio::thread_pool *threads = nullptr;
  /// Receives the reason if a guest cannot be kept, and is booted for each of its cases.
  base::NoticeSink *notices = &base::ignored_notices();
};

/// Holds one worker's guest between its cases (guests with ChannelKind::memory). A case gets it back in the state of a
/// freshly booted guest: restored in place if the guest has the wanted spec and its QEMU runs, else in a new QEMU from
/// the store. Otherwise the guest is booted, once per spec and machine, and kept in the store. If that fails (a full
/// disk, a QEMU that cannot save this machine), the guest is booted for each case.
class GuestSlot {
 public:
  GuestSlot(vm::Hypervisor &hypervisor, Snapshots snapshots, Cancellation &cancellation)
      : hypervisor_(hypervisor), snapshots_(snapshots), cancellation_(cancellation) {}

  /// Returns a pristine guest. `description` is what `kmodtest cache list` shows for the snapshot. Adds to the timings
  /// `start` (a new QEMU), `boot` and `restore`. Throws base::Error if there can be no guest, base::Interrupted after a
  /// cancellation.
  base::Task<Pristine> pristine(vm::GuestSpec spec, std::string name, std::string description,
                                std::chrono::milliseconds boot_deadline, Progress progress, outcome::Timings &timings);

  /// Boots a guest for the caller alone, which is not kept here (boot_guest()).
  base::Task<Booted> boot_own(BootRequest request, outcome::Timings &timings);

  /// Marks the QEMU as unreliable, because of what the case did to it: it can keep a trace of that which restoring
  /// does not reset.
  void distrust() { trusted_ = false; }

  /// Pauses the guest until the next case; even an idle guest burns a host CPU under virtual time.
  base::Task<> pause();

  /// Returns the present guest; nullptr if there is none.
  vm::Guest *guest() const { return guest_.get(); }

  /// Returns the key of the present guest's spec; empty if there is none.
  const std::string &key() const { return key_; }
  /// Returns whether the present guest has this spec; `key` is the spec's.
  bool has(const std::string &key, const vm::GuestSpec &spec) const {
    return key_ == key && (!spec_ || (spec_->scheduled == spec.scheduled && spec_->covered == spec.covered &&
                                      spec_->raced == spec.raced));
  }

  /// Restores the guest before a case asks for it, in a new QEMU if this one is unreliable. Ends a guest that cannot be
  /// restored.
  base::Task<> get_ready();

  /// Ends the guest. Call it before the io_context is destroyed.
  base::Task<> clear();

 private:
  base::Task<bool> restore(outcome::Timings &timings);
  /// Boots a guest for this case alone, and pauses it.
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
  std::string name_;                   ///< its name, if it can be restored from the store
  bool trusted_ = true;
  bool ready_ = false;              ///< nothing has happened to the guest since it was restored
  std::set<std::string> not_kept_;  // keys of guests that could not be saved or restored
};

}  // namespace kmodtest::run
