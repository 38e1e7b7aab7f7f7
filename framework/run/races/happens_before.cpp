// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/races/happens_before.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>
#include <utility>

#include "run/races/noted_accesses.hpp"
#include "run/races/vector_clock.hpp"
#include "wire/kernel_addresses.hpp"

namespace kmodtest::run {
namespace {

using kernel::SyncFunction;
using kernel::SyncRole;
using wire::RaceEvent;
using Kind = RaceEvent::Kind;

constexpr std::uint64_t kLargestAllocation = std::uint64_t{1} << 24;
// kernel: include/linux/workqueue.h
constexpr std::uint64_t kUnboundQueue = 1 << 1, kOrderedQueue = 1 << 17;

bool is_pointer(std::uint64_t value) {
  return value >= wire::kKernelBegin && value < ~std::uint64_t{4095};  // above are error codes
}

/// Returns whether what is known of a function leaves open what it does with the object of its first argument.
bool orders_first_argument(const SyncFunction *function) {
  if (function == nullptr || function->role == SyncRole::joins || function->role == SyncRole::cancels) return true;
  return function->role == SyncRole::locks && function->argument != 0;
}

/// Returns whether a function can call one that it is given.
bool can_call_back(const SyncFunction *function) {
  return function == nullptr || function->role == SyncRole::joins_all || function->role == SyncRole::stops_cpus;
}

/// Returns whether a new workqueue executes one item at a time.
bool is_ordered_queue(const SyncFunction &function, const RaceEvent &call) {
  const std::uint64_t flags = argument_of(call, function.argument);
  const auto most = static_cast<std::uint32_t>(argument_of(call, function.argument + 1));  // an int
  return (flags & kOrderedQueue) != 0 || ((flags & kUnboundQueue) != 0 && most == 1);
}

class Order {
 public:
  Order(std::size_t threads, std::span<const wire::RaceThread> known, const OrderRules &rules)
      : rules_(rules), known_(known), threads_(threads) {
    for (std::uint32_t i = 0; i < threads; ++i) {
      threads_[i].now = VectorClock(threads);
      threads_[i].now.of(i) = 1;
    }
  }

  void add(const RaceEvent &event, std::size_t index) {
    event_ = index;
    const RaceEvent *call = calls_.add(event);
    switch (event.kind) {
      case Kind::call:
        return call_begins(event);
      case Kind::returned:
        if (call != nullptr) call_ends(*call, event);
        return;
      case Kind::entered:
        return enter(event);
      case Kind::left:
        return leave(event);
      case Kind::access:
        return access(event);
    }
  }

  std::vector<UnorderedPair> take() { return accesses_.take(); }

 private:
  /// A function of a module that the kernel has called.
  struct OpenEntry {
    std::array<std::uint64_t, 3> turns{};  ///< objects for which only one call runs at a time; 0: none
    bool alone = false;                    ///< no other CPU executes anything
  };
  struct Thread {
    VectorClock now;
    std::vector<OpenEntry> calls;     ///< those that have not returned
    std::size_t init_depth = 0;       ///< of `calls`, with an init function; 0: none is running
    bool exits = false;               ///< an exit function is running
    bool called_by_somebody = false;  ///< by a system call, a notifier…: not as a thread, a work item or a timer
  };

  void release(std::uint32_t thread, VectorClock &to) {
    to.join(threads_[thread].now);
    ++threads_[thread].now.of(thread);
  }
  void acquire(std::uint32_t thread, const VectorClock &from) { threads_[thread].now.join(from); }
  void acquire_object(std::uint32_t thread, std::uint64_t object) {
    const auto found = objects_.find(object);
    if (found != objects_.end()) acquire(thread, found->second);
  }
  void acquire_ended(std::uint32_t thread, std::uint64_t object) {
    const auto found = ended_.find(object);
    if (found != ended_.end()) acquire(thread, found->second);
  }
  void join_one(std::uint32_t thread, std::uint32_t other) {
    if (other == thread) return;
    acquire(thread, threads_[other].now);
    ++threads_[other].now.of(other);
  }
  void join_all(std::uint32_t thread) {
    for (std::uint32_t other = 0; other < threads_.size(); ++other) join_one(thread, other);
  }
  void let_all_join(std::uint32_t thread) {
    for (std::uint32_t other = 0; other < threads_.size(); ++other) join_one(other, thread);
  }
  /// The kernel's own rules order a call that nobody knows with those that have ended: a system call of a process
  /// after another one, an exit function after the last use of the module.
  void join_ended_calls(std::uint32_t thread) {
    for (std::uint32_t other = 0; other < threads_.size(); ++other)
      if (threads_[other].called_by_somebody && threads_[other].calls.empty()) join_one(thread, other);
  }
  bool is_interrupt(std::uint32_t thread) const { return thread < known_.size() && known_[thread].in_interrupt != 0; }
  std::uint64_t task_of(std::uint32_t thread) const {
    const bool is_task = thread < known_.size() && !is_interrupt(thread);
    return is_task ? known_[thread].task : 0;
  }

  /// Returns whether a call tells the kernel which function of the module to call.
  bool hands_over_code(const RaceEvent &call) const {
    for (const std::uint64_t argument : {call.address, call.second, call.third})
      if (argument >= wire::kModulesBegin && is_pointer(argument) && rules_.is_code(argument, call.reports))
        return true;
    return false;
  }

  void note_queue(std::uint64_t work, std::uint64_t queue) {
    if (ordered_queues_.contains(queue))
      queue_of_[work] = queue;
    else
      queue_of_.erase(work);
  }

  /// The kernel calls the function of a timer or an interrupt again only when it has returned, and an ordered workqueue
  /// executes one item after the other.
  OpenEntry entry_of(const RaceEvent &event) const {
    OpenEntry entry{.alone = stop_cpus_.contains(event.instruction)};
    std::size_t count = 0;
    for (const std::uint64_t object : {event.address, event.second})
      if (is_pointer(object)) entry.turns[count++] = object;
    if (const auto queue = queue_of_.find(event.address); queue != queue_of_.end())
      entry.turns[count++] = queue->second;
    return entry;
  }

  void call_begins(const RaceEvent &call) {
    Thread &thread = threads_[call.thread];
    const SyncFunction *function = function_of(call, rules_.functions);
    if (thread.init_depth > 0 || (can_call_back(function) && hands_over_code(call))) release(call.thread, registered_);
    if (orders_first_argument(function) && is_pointer(call.address)) release(call.thread, objects_[call.address]);
    if (function == nullptr) return;
    const std::uint64_t object = argument_of(call, function->argument);
    switch (function->role) {
      case SyncRole::unlocks:
      case SyncRole::hands_over:
        return release(call.thread, objects_[object]);
      case SyncRole::starts_late:
        late_.insert(object);
        [[fallthrough]];
      case SyncRole::starts:
        begun_.insert(object);
        note_queue(object, argument_of(call, function->queue));
        release(call.thread, objects_[object]);
        return release(call.thread, started_);
      case SyncRole::stops_cpus:
        stop_cpus_.insert(static_cast<std::uint32_t>(call.address));
        return;
      case SyncRole::frees:
        return accesses_.free(noted(call, true, false), object, thread.now);
      default:
        return;
    }
  }

  void call_ends(const RaceEvent &call, const RaceEvent &returned) {
    const SyncFunction *function = function_of(call, rules_.functions);
    const std::uint32_t thread = call.thread;
    if (threads_[thread].exits) join_ended_calls(thread);
    if (orders_first_argument(function) && is_pointer(call.address)) acquire_object(thread, call.address);
    if (function == nullptr) {
      acquire_ended(thread, call.address);
      // A function without a result leaves in the register what was there.
      const bool is_result = static_cast<std::uint32_t>(returned.address) != call.before;
      if (returned.third != 0 && is_result) accesses_.give(returned.second, returned.third);
      return;
    }
    const std::uint64_t object = argument_of(call, function->argument);
    switch (function->role) {
      case SyncRole::locks:
        if (has_succeeded(*function, returned)) acquire_object(thread, object);
        return;
      case SyncRole::creates:
        begun_.insert(returned.address);
        return release(thread, objects_[returned.address]);
      case SyncRole::joins:
        acquire_object(thread, object);
        for (const std::uint32_t runner : runners_[object]) join_one(thread, runner);
        for (std::uint32_t other = 0; other < threads_.size(); ++other)
          if (object != 0 && task_of(other) == object) join_one(thread, other);
        return;
      case SyncRole::joins_all:
      case SyncRole::stops_cpus:
        return join_all(thread);
      case SyncRole::makes_queue:
        if (is_ordered_queue(*function, call))
          ordered_queues_.insert(returned.address);
        else
          ordered_queues_.erase(returned.address);
        return;
      case SyncRole::sleeps:
        return acquire_object(thread, task_of(thread));
      case SyncRole::allocates:
        if (is_pointer(returned.address))
          accesses_.give(returned.address, std::min(allocated_bytes(*function, call, returned), kLargestAllocation));
        return;
      default:
        return;
    }
  }

  void enter(const RaceEvent &event) {
    const EntryKind kind = rules_.entry(event);
    if (kind == EntryKind::none) return;
    Thread &thread = threads_[event.thread];
    thread.calls.push_back(entry_of(event));
    const std::uint64_t task = task_of(event.thread);
    const bool is_begun = begun_.contains(event.address) || (thread.calls.size() == 1 && begun_.contains(task));
    acquire_object(event.thread, task);
    acquire_object(event.thread, event.address);
    for (const std::uint64_t object : thread.calls.back().turns) acquire_ended(event.thread, object);
    if (late_.contains(event.address) || thread.calls.back().alone) join_all(event.thread);
    runners_[event.address].insert(event.thread);
    if (kind == EntryKind::init) {
      thread.init_depth = thread.calls.size();
      accesses_.forget_from(wire::kModulesBegin);  // a module can get the memory of one that was unloaded
    }
    thread.exits = thread.exits || kind == EntryKind::exit;
    if (is_begun && !thread.exits && thread.init_depth == 0) return;
    acquire(event.thread, registered_);
    acquire(event.thread, started_);
    join_ended_calls(event.thread);
    thread.called_by_somebody = true;
  }

  void leave(const RaceEvent &event) {
    Thread &thread = threads_[event.thread];
    if (thread.calls.empty()) return;
    if (thread.calls.size() == thread.init_depth) {
      thread.init_depth = 0;
      release(event.thread, registered_);
    }
    for (const std::uint64_t object : thread.calls.back().turns)
      if (object != 0) release(event.thread, ended_[object]);
    if (thread.calls.back().alone) let_all_join(event.thread);
    thread.calls.pop_back();
    if (thread.calls.empty()) thread.exits = false;
  }

  void access(const RaceEvent &event) {
    const bool marked = (event.flags & RaceEvent::kAtomic) != 0 || rules_.is_marked(event);
    const std::uint64_t word = event.address - event.address % NotedAccesses::kWordBytes;
    if (marked) acquire_object(event.thread, word);
    accesses_.add(noted(event, (event.flags & RaceEvent::kWrites) != 0, marked), event.address, event.bytes,
                  threads_[event.thread].now);
    if (marked) release(event.thread, objects_[word]);
  }

  NotedAccess noted(const RaceEvent &event, bool writes, bool marked) const {
    return {.thread = event.thread,
            .section = threads_[event.thread].now.of(event.thread),
            .event = event_,
            .instruction = event.instruction,
            .cpu = event.cpu,
            .flags = event.flags,
            .writes = writes,
            .marked = marked,
            .in_interrupt = is_interrupt(event.thread)};
  }

  const OrderRules &rules_;
  std::span<const wire::RaceThread> known_;
  std::vector<Thread> threads_;
  OpenCalls calls_;
  std::unordered_map<std::uint64_t, VectorClock> objects_;  ///< locks, work items, tasks, words with marked accesses…
  std::unordered_map<std::uint64_t, VectorClock> ended_;    ///< by OpenEntry::turns of calls that have returned
  VectorClock registered_, started_;
  std::set<std::uint64_t> begun_, late_;  ///< threads, work items, timers…; those that wait for a grace period
  std::set<std::uint64_t> ordered_queues_;
  std::unordered_map<std::uint64_t, std::uint64_t> queue_of_;  ///< by work item, if its workqueue is ordered
  std::set<std::uint32_t> stop_cpus_;                          ///< functions given to stop_machine()
  std::unordered_map<std::uint64_t, std::set<std::uint32_t>> runners_;
  NotedAccesses accesses_;
  std::size_t event_ = 0;
};

}  // namespace

std::vector<UnorderedPair> unordered_pairs(std::span<const RaceEvent> events, std::span<const wire::RaceThread> threads,
                                           const OrderRules &rules) {
  std::uint32_t count = 0;
  for (const RaceEvent &event : events) count = std::max(count, event.thread + 1);
  Order order(count, threads, rules);
  for (std::size_t i = 0; i < events.size(); ++i) order.add(events[i], i);
  return order.take();
}

}  // namespace kmodtest::run
