// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/guests/guest_pool.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/task.hpp"

namespace kmodtest::run {

using base::Task;
namespace asio = base::asio;

namespace {

/// Threads that wait for other processes' locks.
std::size_t waiting_threads() {
  return std::max(4U, std::thread::hardware_concurrency());
}

}  // namespace

GuestPool::GuestPool(Options options, OpenHypervisor open)
    : options_(std::move(options)), open_(std::move(open)), threads_(waiting_threads()) {
  if (!options_.snapshots) return;
  vm::SnapshotStore::Say tell = [this](const std::string &text) { say(text); };
  store_.emplace(options_.cache / "snapshots", vm::snapshot_limit(), std::move(tell));
}

vm::Hypervisor &GuestPool::hypervisor() {
  if (!hypervisor_) hypervisor_ = open_(io_);
  return *hypervisor_;
}

void GuestPool::say(const std::string &text) {
  asio::post(io_, [this, text] {
    if (hear_) hear_(text);
  });
}

GuestPool::Listening::Listening(GuestPool &pool, std::function<void(const std::string &)> hear) : pool_(pool) {
  pool_.hear_ = std::move(hear);
  pool_.cancellation_.reset();
}

GuestPool::Listening::~Listening() {
  pool_.hear_ = {};
}

void GuestPool::leave(GuestSlot *held) {
  for (const auto &entry : entries_) {
    if (&entry->slot != held) continue;
    entry->held = false;
    entry->left = ++clock_;
  }
}

GuestSlot &GuestPool::change(GuestSlot *held, const std::string &key) {
  leave(held);
  Entry *best = nullptr;
  const auto better = [&](const Entry &one) {
    if (best == nullptr) return true;
    const auto rank = [&](const Entry &entry) {
      if (!key.empty() && entry.slot.key() == key) return 0;
      // A run that keeps no guests has one for each worker, who replaces its own.
      if (&entry.slot == held && !options_.keep) return 1;
      return entry.slot.guest() == nullptr ? 2 : 3;
    };
    return std::pair(rank(one), one.left) < std::pair(rank(*best), best->left);
  };
  for (const auto &entry : entries_) {
    if (!entry->held && better(*entry)) best = entry.get();
  }
  const bool fits = best != nullptr && (best->slot.key() == key || best->slot.guest() == nullptr);
  const bool own = best != nullptr && &best->slot == held && !options_.keep;
  const bool room = options_.keep && entries_.size() < options_.slots;
  if (best == nullptr || (!fits && !own && room)) {
    Snapshots snapshots{store_ ? &*store_ : nullptr, &threads_, [this](const std::string &text) {
                          if (hear_) hear_(text);
                        }};
    entries_.push_back(std::make_unique<Entry>(hypervisor(), std::move(snapshots), cancellation_));
    best = entries_.back().get();
  }
  best->held = true;
  return best->slot;
}

Task<> GuestPool::get_ready(std::function<bool()> enough) {
  for (const auto &entry : entries_) {
    if (enough()) co_return;
    if (!entry->held) co_await entry->slot.get_ready();
  }
}

Task<> GuestPool::clear() {
  for (const auto &entry : entries_) co_await entry->slot.clear();
}

void GuestPool::finish(Task<> task) {
  base::run_until_done(io_, std::move(task));
}

}  // namespace kmodtest::run
