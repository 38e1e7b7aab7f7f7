// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/guests/guest_pool.hpp"

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

namespace kmodtest::run {

using base::Task;
namespace asio = base::asio;

namespace {

/// Threads that wait for other processes' locks.
std::size_t waiting_threads() {
  return std::max(4U, std::thread::hardware_concurrency());
}

}  // namespace

Harbour::Harbour(Options options, OpenHypervisor open)
    : options_(std::move(options)), open_(std::move(open)), pool_(waiting_threads()) {
  if (!options_.snapshots) return;
  vm::SnapshotStore::Say tell = [this](const std::string &text) { say(text); };
  store_.emplace(options_.cache / "snapshots", vm::snapshot_limit(), std::move(tell));
}

vm::Hypervisor &Harbour::hypervisor() {
  if (!hypervisor_) hypervisor_ = open_(io_);
  return *hypervisor_;
}

void Harbour::say(const std::string &text) {
  asio::post(io_, [this, text] {
    if (hear_) hear_(text);
  });
}

Harbour::Listening::Listening(Harbour &harbour, std::function<void(const std::string &)> hear) : harbour_(harbour) {
  harbour_.hear_ = std::move(hear);
  harbour_.cancellation_.reset();
}

Harbour::Listening::~Listening() {
  harbour_.hear_ = {};
}

void Harbour::leave(Berth *held) {
  for (const auto &slot : slots_) {
    if (&slot->berth != held) continue;
    slot->held = false;
    slot->left = ++clock_;
  }
}

Berth &Harbour::change(Berth *held, const std::string &key) {
  leave(held);
  Slot *best = nullptr;
  const auto better = [&](const Slot &one) {
    if (best == nullptr) return true;
    const auto rank = [&](const Slot &slot) {
      if (!key.empty() && slot.berth.key() == key) return 0;
      // A run that keeps no guests has one for each worker, who replaces its own.
      if (&slot.berth == held && !options_.keep) return 1;
      return slot.berth.guest() == nullptr ? 2 : 3;
    };
    return std::pair(rank(one), one.left) < std::pair(rank(*best), best->left);
  };
  for (const auto &slot : slots_) {
    if (!slot->held && better(*slot)) best = slot.get();
  }
  const bool fits = best != nullptr && (best->berth.key() == key || best->berth.guest() == nullptr);
  const bool own = best != nullptr && &best->berth == held && !options_.keep;
  const bool room = options_.keep && slots_.size() < options_.berths;
  if (best == nullptr || (!fits && !own && room)) {
    Snapshots snapshots{store_ ? &*store_ : nullptr, &pool_, [this](const std::string &text) {
                          if (hear_) hear_(text);
                        }};
    slots_.push_back(std::make_unique<Slot>(hypervisor(), std::move(snapshots), cancellation_));
    best = slots_.back().get();
  }
  best->held = true;
  return best->berth;
}

Task<> Harbour::get_ready(std::function<bool()> enough) {
  for (const auto &slot : slots_) {
    if (enough()) co_return;
    if (!slot->held) co_await slot->berth.get_ready();
  }
}

Task<> Harbour::clear() {
  for (const auto &slot : slots_) co_await slot->berth.clear();
}

void Harbour::finish(Task<> task) {
  bool done = false;
  std::exception_ptr problem;
  asio::co_spawn(io_, std::move(task), [&](const std::exception_ptr &thrown) {
    problem = thrown;
    done = true;
  });
  while (!done) io_.run_one();
  if (problem) std::rethrow_exception(problem);
}

}  // namespace kmodtest::run
