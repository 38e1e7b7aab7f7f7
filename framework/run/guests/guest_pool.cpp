// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/guests/guest_pool.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <thread>
#include <utility>

#include <boost/asio/dispatch.hpp>

#include "base/error.hpp"
#include "run/guests/machine_choice.hpp"

namespace kmodtest::run {

using base::Task;
namespace asio = base::asio;

namespace {

/// Returns the number of threads that wait for other processes' locks.
std::size_t waiting_threads() {
  return std::max(4U, std::thread::hardware_concurrency());
}

}  // namespace

GuestPool::GuestPool(Options options, OpenHypervisor open)
    : options_(std::move(options)), open_(std::move(open)), threads_(waiting_threads()) {
  if (options_.snapshots) store_.emplace(options_.cache / "snapshots", vm::snapshot_limit(), *this);
}

vm::Hypervisor &GuestPool::hypervisor() {
  if (!hypervisor_) hypervisor_ = open_(io_);
  return *hypervisor_;
}

void GuestPool::close() {
  hypervisor_.reset();
}

void GuestPool::say(const std::string &text) {
  asio::dispatch(io_, [this, text] {
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

Task<vm::KvmAnswer> GuestPool::kvm_answer(vm::GuestSpec spec, const kernel::Kernel &kernel) {
  vm::GuestSpec probed = kvm_probe_spec(std::move(spec), kernel);
  std::filesystem::path cache = options_.cache;
  co_return co_await vm::kvm_answer(hypervisor(), std::move(probed), std::move(cache));
}

Task<> GuestPool::choose_accelerator(vm::GuestSpec spec, const kernel::Kernel &kernel) {
  const Cancellation::Registration registration(cancellation_, [this] { probe_ended_.set(); });
  while (!accelerator_ && probing_ && !cancellation_.cancelled()) co_await probe_ended_.wait();
  if (cancellation_.cancelled()) throw base::Interrupted();
  if (accelerator_) co_return;
  if (!options_.allow_kvm || vm::kvm_device_error()) {
    accelerator_ = vm::Accelerator::tcg;
    co_return;
  }
  struct Probe {
    explicit Probe(GuestPool &of) : pool(of) {
      pool.probing_ = true;
      pool.probe_ended_.reset();
    }
    ~Probe() {
      pool.probing_ = false;
      pool.probe_ended_.set();
    }
    GuestPool &pool;
  };
  const Probe probe(*this);
  const bool known = vm::known_kvm_answer(options_.cache, hypervisor().qemu_version()).has_value();
  const vm::KvmAnswer answer = co_await kvm_answer(std::move(spec), kernel);
  accelerator_ = answer.works() ? vm::Accelerator::kvm : vm::Accelerator::tcg;
  // What was known at the start is part of the run's first line.
  if (!known && answer.works()) say("KVM is used");
  if (!known && !answer.works()) say(fmt::format("KVM is not used, QEMU emulates (TCG): {}", answer.reason()));
  if (cancellation_.cancelled()) throw base::Interrupted();
}

Task<> GuestPool::choose_machine(const plan::Case &test_case, const kernel::Kernel &kernel, vm::GuestSpec &spec,
                                 vm::Clock unless_asked) {
  spec.accelerator = vm::Accelerator::tcg;
  if (!needs_emulation(test_case)) {
    vm::GuestSpec probed = spec;
    co_await choose_accelerator(std::move(probed), kernel);
    spec.accelerator = *accelerator_;
  }
  spec.clock = clock_for(test_case, spec.channel, spec.accelerator, unless_asked);
}

void GuestPool::mark_released(const GuestSlot *slot) {
  for (const auto &entry : entries_) {
    if (&entry->slot != slot) continue;
    entry->in_use = false;
    entry->released = ++clock_;
  }
}

GuestPool::Entry &GuestPool::add_entry() {
  Snapshots snapshots{.store = store_ ? &*store_ : nullptr, .threads = &threads_, .notices = this};
  entries_.push_back(std::make_unique<Entry>(hypervisor(), snapshots, cancellation_));
  return *entries_.back();
}

GuestSlot &GuestPool::acquire(const vm::GuestSpec &spec, GuestSlot *own) {
  // A guest with another channel ends with its case, and can go with any slot.
  const bool lasting = spec.channel == vm::ChannelKind::memory;
  const std::string key = lasting ? hypervisor().key_of(spec) : "";
  mark_released(own);
  Entry *best = nullptr;
  const auto rank = [&](const Entry &entry) {
    if (!key.empty() && entry.slot.has(key, spec)) return 0;
    // Without `keep` each worker has one slot, and replaces its own guest.
    if (&entry.slot == own && !options_.keep) return 1;
    return entry.slot.guest() == nullptr ? 2 : 3;
  };
  for (const auto &entry : entries_) {
    if (entry->in_use) continue;
    const auto order = [&](const Entry &one) { return std::pair(rank(one), one.released); };
    if (best == nullptr || order(*entry) < order(*best)) best = entry.get();
  }
  const bool fits = best != nullptr && (best->slot.has(key, spec) || best->slot.guest() == nullptr);
  const bool is_own = best != nullptr && &best->slot == own && !options_.keep;
  const bool room = options_.keep && entries_.size() < options_.slots;
  if (best == nullptr || (!fits && !is_own && room)) best = &add_entry();
  best->in_use = true;
  return best->slot;
}

Task<> GuestPool::release(GuestSlot *slot) {
  if (slot == nullptr) co_return;
  if (!options_.keep) co_await slot->clear();
  mark_released(slot);
}

Task<> GuestPool::get_ready(std::function<bool()> enough) {
  for (const auto &entry : entries_) {
    if (enough()) co_return;
    if (!entry->in_use) co_await entry->slot.get_ready();
  }
}

Task<> GuestPool::clear() {
  for (const auto &entry : entries_) co_await entry->slot.clear();
}

void GuestPool::finish(Task<> task) {
  base::run_until_done(io_, std::move(task));
}

}  // namespace kmodtest::run
