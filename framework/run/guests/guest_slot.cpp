// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/guests/guest_slot.hpp"

#include <filesystem>
#include <utility>

#include "base/error.hpp"
#include "base/task.hpp"
#include "run/case/stopwatch.hpp"

namespace kmodtest::run {

using base::Task;

Task<> GuestSlot::clear() {
  const std::unique_ptr<vm::Guest> guest = std::move(guest_);
  key_.clear();
  spec_.reset();
  trusted_ = true;
  ready_ = false;
  if (guest) co_await guest->stop();
}

Task<> GuestSlot::get_ready() {
  if (!guest_ || !spec_ || snapshots_.store == nullptr || not_kept_.count(key_) > 0 || ready_) co_return;
  outcome::Timings nobodys;
  if (trusted_) {
    ready_ = co_await restore(nobodys);
    if (ready_) co_return;
  }
  const vm::GuestSpec spec = *spec_;
  const std::string key = key_;
  co_await clear();
  key_ = key;
  spec_ = spec;
  try {
    ready_ = co_await start_saved(spec, name_, nobodys);
  } catch (const base::Interrupted &) {
    throw;
  } catch (const base::Error &) {
    // The next case hits the same error and reports it.
  }
}

Task<> GuestSlot::pause() {
  if (!guest_) co_return;
  try {
    co_await guest_->pause();
  } catch (const base::Error &) {
    // Its QEMU has ended: the next case finds this out.
  }
}

Task<bool> GuestSlot::restore(outcome::Timings &timings) {
  const Stopwatch watch(timings.restore);
  try {
    co_await guest_->restore();
    co_return true;
  } catch (const base::Interrupted &) {
    throw;
  } catch (const base::Error &) {
    // Its QEMU has ended or does not answer: a new one solves this.
  }
  co_return false;
}

Task<bool> GuestSlot::start_saved(const vm::GuestSpec &spec, const std::string &name, outcome::Timings &timings) {
  vm::SnapshotStore *store = snapshots_.store;
  std::function<std::shared_ptr<vm::SavedState>()> lend = [store, key = key_] { return store->lend(key); };
  vm::GuestSpec wanted = spec;
  std::string guest_name = name;
  try {
    const Stopwatch watch(timings.start);
    std::shared_ptr<vm::SavedState> state =
        co_await base::offload<std::shared_ptr<vm::SavedState>>(*snapshots_.threads, std::move(lend));
    if (!state) co_return false;
    guest_ = co_await hypervisor_.start_saved(std::move(wanted), std::move(guest_name), std::move(state));
  } catch (const vm::UnsoundState &) {
    co_return false;
  }
  // Another build of QEMU with the same version, or a state that is damaged despite its checksum: make it again.
  if (co_await restore(timings)) co_return true;
  const std::unique_ptr<vm::Guest> broken = std::move(guest_);
  co_await broken->stop();
  co_return false;
}

Task<Booted> GuestSlot::boot_own(BootRequest request, outcome::Timings &timings) {
  co_return co_await boot_guest(hypervisor_, cancellation_, std::move(request), timings);
}

Task<std::optional<BootFailure>> GuestSlot::boot(const vm::GuestSpec &spec, const std::string &name,
                                                 std::chrono::milliseconds deadline, outcome::Timings &timings) {
  BootRequest request{.spec = spec, .name = name, .deadline = deadline};
  Booted booted = co_await boot_guest(hypervisor_, cancellation_, std::move(request), timings);
  booted.session.reset();
  if (booted.agent) {
    guest_ = std::move(booted.guest);
    co_return std::nullopt;
  }
  BootFailure failure{.ending = booted.ending, .console = booted.guest->console(), .domain_xml = booted.guest->xml()};
  co_await booted.guest->stop();
  co_return failure;
}

Task<Pristine> GuestSlot::pristine(vm::GuestSpec spec, std::string name, std::string description,
                                   std::chrono::milliseconds boot_deadline, Progress progress,
                                   outcome::Timings &timings) {
  const std::string wanted = hypervisor_.key_of(spec);
  if (guest_ && snapshots_.store != nullptr && has(wanted, spec) && trusted_) {
    const bool ready = std::exchange(ready_, false) && guest_->state() == vm::GuestState::running;
    if (ready || co_await restore(timings)) co_return Pristine{guest_.get(), {}};
  }
  co_await clear();
  key_ = wanted;
  spec_ = spec;
  name_ = name;
  vm::SnapshotStore *store = snapshots_.store;
  if (store == nullptr || not_kept_.count(wanted) > 0) {
    co_return co_await boot_for_one(spec, name, boot_deadline, progress, timings);
  }
  progress(Phase::restoring, "restoring");
  if (co_await start_saved(spec, name, timings)) co_return Pristine{guest_.get(), {}};
  if (cancellation_.cancelled()) throw base::Interrupted();

  progress(Phase::waiting, "waiting for another process that boots this guest");
  std::function<std::unique_ptr<storage::FileLock>()> take_lock = [store, wanted] { return store->lock(wanted); };
  std::unique_ptr<storage::FileLock> lock =
      co_await base::offload<std::unique_ptr<storage::FileLock>>(*snapshots_.threads, std::move(take_lock));
  if (co_await start_saved(spec, name, timings)) co_return Pristine{guest_.get(), {}};
  if (cancellation_.cancelled()) throw base::Interrupted();
  progress(Phase::booting, "booting, once for this machine");
  if (auto failure = co_await boot(spec, name, boot_deadline, timings)) co_return Pristine{nullptr, std::move(failure)};
  std::string problem;
  try {
    co_await keep(spec, name, std::move(description), timings);
  } catch (const base::Interrupted &) {
    throw;
  } catch (const base::Error &error) {
    problem = error.what();
    if (!error.hint().empty()) problem += " (" + error.hint() + ")";
  }
  if (problem.empty()) co_return Pristine{guest_.get(), {}};
  lock.reset();
  if (not_kept_.insert(wanted).second) {
    snapshots_.notices->say("a guest is booted for each of its cases, since it cannot be kept: " + problem);
  }
  const std::unique_ptr<vm::Guest> broken = std::move(guest_);
  if (broken) co_await broken->stop();
  co_return co_await boot_for_one(spec, name, boot_deadline, progress, timings);
}

Task<Pristine> GuestSlot::boot_for_one(const vm::GuestSpec &spec, const std::string &name,
                                       std::chrono::milliseconds deadline, const Progress &progress,
                                       outcome::Timings &timings) {
  progress(Phase::booting, "booting");
  auto failure = co_await boot(spec, name, deadline, timings);
  if (!failure) co_await guest_->pause();
  co_return Pristine{guest_.get(), std::move(failure)};
}

Task<> GuestSlot::keep(const vm::GuestSpec &spec, const std::string &name, std::string description,
                       outcome::Timings &timings) {
  vm::SnapshotStore *store = snapshots_.store;
  vm::SnapshotInfo info;
  info.description = std::move(description);
  info.qemu_version = hypervisor_.qemu_version();
  std::function<void(const vm::StateFiles &)> put = [store, key = key_, info](const vm::StateFiles &made) {
    store->keep(key, made, info);
  };
  {
    const Stopwatch watch(timings.boot);
    co_await guest_->save(std::move(put));
  }
  guest_.reset();
  if (!co_await start_saved(spec, name, timings))
    throw base::Error(base::Code::snapshot_not_restored, "QEMU cannot restore what it has just saved",
                      "LIBVIRT_LOG_OUTPUTS=1:stderr shows QEMU's messages");
}

}  // namespace kmodtest::run
