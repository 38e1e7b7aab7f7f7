// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/race_events.hpp"

#include <algorithm>

#include "emulator/code_ranges.hpp"
#include "emulator/mixed.hpp"

namespace kmodtest::emulator {

using Kind = wire::RaceEvent::Kind;

void RaceEvents::begin(wire::RaceArea &area) {
  area_ = &area;
  stack_of_.fill(0);
  comes_back_here_.fill(false);
  calls_.fill({});
  locks_.fill(0);
  next_lock_ = 0;
  epoch_.fill(0);
  known_.fill(0);
}

bool RaceEvents::is_noted(std::uint32_t function) const {
  const wire::RaceRequest &request = area_->request;
  const auto *const end = request.noted.begin() + std::min<std::uint64_t>(request.noted_count, request.noted.size());
  return in_order() || std::binary_search(request.noted.begin(), end, function);
}

std::uint32_t RaceEvents::thread_of(std::uint64_t task, std::uint64_t stack, const Guest &guest) {
  // Most threads are known by task and stack: interrupts are not on the task's stack.
  const std::size_t count = area_->threads;
  for (std::size_t i = 0; i < count; ++i) {
    const wire::RaceThread &thread = area_->thread[i];
    const bool same_stack = thread.stack / kStack == stack / kStack;
    if (same_stack && (thread.task == task || thread.in_interrupt != 0)) return static_cast<std::uint32_t>(i);
  }
  wire::RaceThread fresh{.stack = stack, .task = task};
  guest.name(task, stack, fresh);
  for (std::size_t i = 0; i < count && fresh.in_interrupt == 0 && task != 0; ++i) {
    const wire::RaceThread &thread = area_->thread[i];
    if (thread.task == task && thread.pid == fresh.pid && thread.in_interrupt == 0)
      return static_cast<std::uint32_t>(i);
  }
  if (count == area_->thread.size()) return wire::kNoThread;
  area_->thread[count] = fresh;
  ++area_->threads;
  return static_cast<std::uint32_t>(count);
}

wire::RaceEvent *RaceEvents::add(Kind kind, const At &at, std::uint64_t instruction, const Guest &guest) {
  return add(kind, at.cpu, thread_of(guest.task(), at.stack, guest), instruction, guest);
}

wire::RaceEvent *RaceEvents::add(Kind kind, unsigned cpu, std::uint32_t thread, std::uint64_t instruction,
                                 const Guest &guest) {
  if (thread == wire::kNoThread || area_->events >= area_->event.size()) {
    ++area_->unnoted;
    return nullptr;
  }
  if (kind != Kind::access) ++epoch_[thread];
  wire::RaceEvent &event = area_->event[area_->events++];
  event = {.kind = kind,
           .cpu = static_cast<std::uint8_t>(cpu),
           .thread = thread,
           .instruction = static_cast<std::uint32_t>(instruction),
           .reports = guest.reports()};
  return &event;
}

void RaceEvents::before(const At &at, const Guest &guest) {
  if (area_ == nullptr || at.cpu >= kMostCpus) return;
  stack_of_[at.cpu] = at.stack;
  if (comes_back_here_[at.address % wire::kPageOfCode]) note_return(at, guest);
  if (in_order() && area_->request.can_be_function(at.address)) note_entry(at, guest);
  if (at.flow == Flow::calls || at.flow == Flow::jumps) note_call(at, guest);
  if (in_order() && (at.flow == Flow::jumps || at.flow == Flow::returns)) note_leaving(at, guest);
}

void RaceEvents::note_call(const At &at, const Guest &guest) {
  const auto target = static_cast<std::uint32_t>(guest.target(at.address));
  if (!is_noted(target)) return;
  wire::RaceEvent *event = add(Kind::call, at, at.address, guest);
  if (event == nullptr) return;
  event->target = target;
  event->address = guest.argument(0);
  event->second = guest.argument(1);
  event->third = guest.argument(2);
  event->before = static_cast<std::uint32_t>(guest.result());
  locks_[next_lock_] = event->address;
  next_lock_ = (next_lock_ + 1) % locks_.size();
  if (at.flow != Flow::calls) return;
  auto *const free = std::find_if(calls_.begin(), calls_.end(), [](const Call &call) { return !call.active; });
  if (free == calls_.end()) return;  // threads that never came back; what they wait for is not known to have come
  *free = {.stack = at.stack,
           .next = at.next,
           .thread = event->thread,
           .instruction = event->instruction,
           .target = target,
           .active = true};
  comes_back_here_[at.next % wire::kPageOfCode] = true;
}

void RaceEvents::note_return(const At &at, const Guest &guest) {
  for (Call &call : calls_) {
    if (!call.active || call.stack != at.stack || call.next != at.address) continue;
    call.active = false;
    wire::RaceEvent *event = add(Kind::returned, at, call.instruction, guest);
    if (event == nullptr) return;
    event->target = call.target;
    event->address = guest.result();
    guest.object(event->address, *event);
    return;
  }
}

void RaceEvents::note_entry(const At &at, const Guest &guest) {
  if (!is_code_of_kernel(guest.word(at.stack))) return;
  wire::RaceEvent *event = add(Kind::entered, at, at.address, guest);
  if (event == nullptr) return;
  event->address = guest.argument(0);
  event->second = guest.argument(1);
}

void RaceEvents::note_leaving(const At &at, const Guest &guest) {
  if (is_code_of_kernel(guest.word(at.stack))) add(Kind::left, at, at.address, guest);
}

/// Returns the flags that say what the CPU executes, and what can interrupt it.
std::uint8_t RaceEvents::context_of_cpu(const Guest &guest) {
  // kernel: include/linux/preempt.h. A softirq counts 1, code without softirqs 2, both in units of 0x100. Where
  // interrupts are counted differs between kernels.
  constexpr std::uint32_t kSoftirq = 0x100, kSoftirqs = 0xff00;
  const std::uint32_t count = guest.preempt_count();
  const bool interrupts = guest.takes_interrupts();
  std::uint8_t flags = 0;
  if (interrupts) flags |= wire::RaceEvent::kTakesInterrupts;
  if (interrupts && (count & kSoftirqs) == 0) flags |= wire::RaceEvent::kTakesSoftirqs;
  if ((count & kSoftirq) != 0) flags |= wire::RaceEvent::kInSoftirq;
  return flags;
}

/// Returns whether the thread has made the access before, and nothing but accesses since.
bool RaceEvents::is_known(std::uint32_t thread, const Access &access) {
  const std::uint64_t key =
      mixed(access.instruction ^
            mixed(access.address ^ mixed(epoch_[thread] * 1024ull + thread * 2 + (access.writes ? 1 : 0))));
  std::uint64_t &place = known_[key % known_.size()];
  const bool known = place == key;
  place = key;
  return known;
}

void RaceEvents::accesses(const Access &access, const Guest &guest) {
  if (area_ == nullptr || access.cpu >= kMostCpus) return;
  // A spinlock that is compiled into the module is given back by a write of one byte.
  const bool unlocks = access.writes && (access.bytes == 1 || access.atomic) &&
                       std::find(locks_.begin(), locks_.end(), access.address) != locks_.end();
  if (!in_order() && !unlocks) return;
  const std::uint64_t stack = stack_of_[access.cpu];
  if (!can_be_shared(access.address, stack)) return;
  const std::uint32_t thread = thread_of(guest.task(), stack, guest);
  if (thread == wire::kNoThread) return;
  if (access.atomic) ++epoch_[thread];
  if (is_known(thread, access)) return;
  wire::RaceEvent *event = add(Kind::access, access.cpu, thread, access.instruction, guest);
  if (event == nullptr) return;
  event->bytes = static_cast<std::uint8_t>(access.bytes);
  event->flags = static_cast<std::uint8_t>((access.writes ? wire::RaceEvent::kWrites : 0) |
                                           (access.atomic ? wire::RaceEvent::kAtomic : 0) | context_of_cpu(guest));
  event->address = access.address;
}

}  // namespace kmodtest::emulator
