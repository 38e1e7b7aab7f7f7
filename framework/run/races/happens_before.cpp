// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/races/happens_before.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "wire/schedule_memory.hpp"

namespace kmodtest::run {
namespace {

using kernel::SyncFunction;
using kernel::SyncRole;
using wire::RaceEvent;
using Kind = RaceEvent::Kind;

constexpr std::uint64_t kKernelBegin = 0xffff'8000'0000'0000;
constexpr std::uint64_t kWordBytes = 8;
constexpr std::size_t kMostAccessesOfWord = 12;
constexpr std::uint64_t kLargestAllocation = std::uint64_t{1} << 24;

bool is_pointer(std::uint64_t value) {
  return value >= kKernelBegin && value < ~std::uint64_t{4095};  // above are error codes
}

/// A moment: of each thread, how many of its sections have happened before it.
class Clock {
 public:
  explicit Clock(std::size_t threads = 0) : sections_(threads) {}
  std::uint32_t &of(std::uint32_t thread) { return sections_[thread]; }
  std::uint32_t of(std::uint32_t thread) const { return thread < sections_.size() ? sections_[thread] : 0; }
  void join(const Clock &other) {
    if (sections_.size() < other.sections_.size()) sections_.resize(other.sections_.size());
    for (std::size_t i = 0; i < other.sections_.size(); ++i) sections_[i] = std::max(sections_[i], other.sections_[i]);
  }

 private:
  std::vector<std::uint32_t> sections_;
};

/// An access to some of the bytes of a word.
struct Access {
  std::uint32_t thread = 0;
  std::uint32_t section = 0;
  std::size_t event = 0;
  std::uint32_t instruction = 0;
  std::uint8_t cpu = 0;
  std::uint8_t bytes = 0;  ///< a bit for each
  std::uint8_t flags = 0;  ///< RaceEvent::flags
  bool writes = false, atomic = false;
  bool in_interrupt = false;
};

/// Returns whether the access of an interrupt can come between what the other one's thread does on the same CPU.
bool can_interrupt(const Access &interrupt, const Access &other) {
  if ((interrupt.flags & RaceEvent::kInSoftirq) != 0) return (other.flags & RaceEvent::kTakesSoftirqs) != 0;
  return interrupt.in_interrupt && (other.flags & RaceEvent::kTakesInterrupts) != 0;
}

/// Returns whether nothing but synchronisation keeps two accesses apart: they are on several CPUs, or one of them is
/// made by an interrupt, and the other one where interrupts are allowed.
bool can_meet(const Access &one, const Access &other) {
  return one.cpu != other.cpu || can_interrupt(one, other) || can_interrupt(other, one);
}

class Order {
 public:
  Order(std::size_t threads, std::span<const wire::RaceThread> known, const OrderRules &rules)
      : rules_(rules), known_(known), threads_(threads) {
    for (std::uint32_t i = 0; i < threads; ++i) {
      threads_[i].now = Clock(threads);
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

  std::vector<UnorderedPair> take() { return std::move(pairs_); }

 private:
  struct Thread {
    Clock now;
    /// the first two arguments of each function of a module that the kernel has called and that has not returned
    std::vector<std::pair<std::uint64_t, std::uint64_t>> calls;
    std::size_t init_depth = 0;       ///< of `calls`, with an init function; 0: none is running
    bool exits = false;               ///< an exit function is running
    bool called_by_somebody = false;  ///< by a system call, a notifier…: not as a thread, a work item or a timer
  };

  void release(std::uint32_t thread, Clock &to) {
    to.join(threads_[thread].now);
    ++threads_[thread].now.of(thread);
  }
  void acquire(std::uint32_t thread, const Clock &from) { threads_[thread].now.join(from); }
  void acquire_object(std::uint32_t thread, std::uint64_t object) {
    const auto found = objects_.find(object);
    if (found != objects_.end()) acquire(thread, found->second);
  }
  void join_one(std::uint32_t thread, std::uint32_t other) {
    if (other == thread) return;
    acquire(thread, threads_[other].now);
    ++threads_[other].now.of(other);
  }
  void join_all(std::uint32_t thread) {
    for (std::uint32_t other = 0; other < threads_.size(); ++other) join_one(thread, other);
  }
  /// The kernel's own rules order a call that nobody knows with those that have ended: a system call of a process
  /// after another one, an exit function after the last use of the module.
  void join_ended_calls(std::uint32_t thread) {
    for (std::uint32_t other = 0; other < threads_.size(); ++other)
      if (threads_[other].called_by_somebody && threads_[other].calls.empty()) join_one(thread, other);
  }
  std::uint64_t task_of(std::uint32_t thread) const {
    const bool is_task = thread < known_.size() && known_[thread].in_interrupt == 0;
    return is_task ? known_[thread].task : 0;
  }

  /// Returns whether a call tells the kernel which function of the module to call.
  bool hands_over_code(const RaceEvent &call) const {
    for (const std::uint64_t argument : {call.address, call.second, call.third})
      if (argument >= wire::kModulesBegin && is_pointer(argument) && rules_.is_code(argument, call.reports))
        return true;
    return false;
  }

  void call_begins(const RaceEvent &call) {
    Thread &thread = threads_[call.thread];
    const SyncFunction *function = function_of(call, rules_.functions);
    if (thread.init_depth > 0 || (function == nullptr && hands_over_code(call))) release(call.thread, registered_);
    if (function == nullptr || function->role == SyncRole::joins) {
      if (is_pointer(call.address)) release(call.thread, objects_[call.address]);
      return;
    }
    const std::uint64_t object = argument_of(call, function->argument);
    switch (function->role) {
      case SyncRole::unlocks:
        return release(call.thread, objects_[object]);
      case SyncRole::starts_late:
        late_.insert(object);
        [[fallthrough]];
      case SyncRole::starts:
        begun_.insert(object);
        release(call.thread, objects_[object]);
        return release(call.thread, started_);
      case SyncRole::frees:
        return free(call, object);
      default:
        return;
    }
  }

  void call_ends(const RaceEvent &call, const RaceEvent &returned) {
    const SyncFunction *function = function_of(call, rules_.functions);
    const std::uint32_t thread = call.thread;
    if (threads_[thread].exits) join_ended_calls(thread);
    if (function == nullptr) {
      if (is_pointer(call.address)) acquire_object(thread, call.address);
      // A function without a result leaves in the register what was there.
      const bool is_result = static_cast<std::uint32_t>(returned.address) != call.before;
      if (returned.third != 0 && is_result) forget(returned.second, returned.third);
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
        return join_all(thread);
      case SyncRole::sleeps:
        return acquire_object(thread, task_of(thread));
      case SyncRole::allocates:
        if (is_pointer(returned.address))
          forget(returned.address, std::min(allocated_bytes(*function, call, returned), kLargestAllocation));
        return;
      default:
        return;
    }
  }

  void enter(const RaceEvent &event) {
    Thread &thread = threads_[event.thread];
    thread.calls.emplace_back(event.address, event.second);
    const std::uint64_t task = task_of(event.thread);
    const bool is_begun = begun_.contains(event.address) || (thread.calls.size() == 1 && begun_.contains(task));
    acquire_object(event.thread, task);
    acquire_object(event.thread, event.address);
    for (const std::uint64_t object : {event.address, event.second})
      if (const auto ended = ended_.find(object); ended != ended_.end()) acquire(event.thread, ended->second);
    if (late_.contains(event.address)) join_all(event.thread);
    runners_[event.address].insert(event.thread);
    if (rules_.is_init(event)) {
      thread.init_depth = thread.calls.size();
      forget_modules();
    }
    thread.exits = thread.exits || rules_.is_exit(event);
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
    // The kernel calls the function of a timer, a work item or an interrupt again only when it has returned.
    for (const std::uint64_t object : {thread.calls.back().first, thread.calls.back().second})
      if (is_pointer(object)) release(event.thread, ended_[object]);
    thread.calls.pop_back();
    if (thread.calls.empty()) thread.exits = false;
  }

  void access(const RaceEvent &event) {
    const bool atomic = (event.flags & RaceEvent::kAtomic) != 0, marked = atomic || rules_.is_marked(event);
    const std::uint64_t first = event.address / kWordBytes;
    if (marked) acquire_object(event.thread, first * kWordBytes);
    for_each_word(event.address, event.bytes, [&](std::uint64_t word, std::uint8_t bytes) {
      compare(words_[word], of(event, bytes, (event.flags & RaceEvent::kWrites) != 0, marked));
    });
    if (marked) release(event.thread, objects_[first * kWordBytes]);
  }

  /// Memory that is taken back is written to, as far as its other users are concerned.
  void free(const RaceEvent &call, std::uint64_t begin) {
    for_each_word(begin, allocations_[begin], [&](std::uint64_t word, std::uint8_t bytes) {
      const auto found = words_.find(word);
      if (found != words_.end()) compare(found->second, of(call, bytes, true, false));
    });
  }

  Access of(const RaceEvent &event, std::uint8_t bytes, bool writes, bool atomic) const {
    return {.thread = event.thread,
            .section = threads_[event.thread].now.of(event.thread),
            .event = event_,
            .instruction = event.instruction,
            .cpu = event.cpu,
            .bytes = bytes,
            .flags = event.flags,
            .writes = writes,
            .atomic = atomic,
            .in_interrupt = event.thread < known_.size() && known_[event.thread].in_interrupt != 0};
  }

  template <class Function>
  static void for_each_word(std::uint64_t address, std::uint64_t bytes, const Function &function) {
    const std::uint64_t end = address + bytes;
    for (std::uint64_t word = address / kWordBytes; word * kWordBytes < end; ++word) {
      const std::uint64_t begin = word * kWordBytes;
      const std::uint64_t from = std::max(begin, address) - begin, until = std::min(begin + kWordBytes, end) - begin;
      function(word, static_cast<std::uint8_t>((1u << until) - (1u << from)));
    }
  }

  void compare(std::vector<Access> &earlier, const Access &now) {
    const Clock &clock = threads_[now.thread].now;
    for (const Access &one : earlier) {
      if (one.thread == now.thread || (one.bytes & now.bytes) == 0 || !(one.writes || now.writes)) continue;
      if ((one.atomic && now.atomic) || !can_meet(one, now) || one.section <= clock.of(one.thread)) continue;
      if (seen_.insert(std::minmax(one.instruction, now.instruction)).second) pairs_.push_back({one.event, now.event});
    }
    // A later access of the same thread stands for an earlier one that does less.
    std::erase_if(earlier, [&now](const Access &one) {
      const bool covered = (one.bytes & ~now.bytes) == 0 && (now.writes || !one.writes);
      return one.thread == now.thread && covered && (one.atomic || !now.atomic);
    });
    if (earlier.size() >= kMostAccessesOfWord) earlier.erase(earlier.begin());
    earlier.push_back(now);
  }

  void forget(std::uint64_t begin, std::uint64_t bytes) {
    allocations_[begin] = bytes;
    const auto first = words_.lower_bound(begin / kWordBytes);
    words_.erase(first, words_.lower_bound((begin + bytes + kWordBytes - 1) / kWordBytes));
  }
  /// A module that is loaded can get the memory of one that was unloaded.
  void forget_modules() { words_.erase(words_.lower_bound(wire::kModulesBegin / kWordBytes), words_.end()); }

  const OrderRules &rules_;
  std::span<const wire::RaceThread> known_;
  std::vector<Thread> threads_;
  OpenCalls calls_;
  std::unordered_map<std::uint64_t, Clock> objects_;  ///< locks, work items, tasks, words with marked accesses…
  std::unordered_map<std::uint64_t, Clock> ended_;    ///< by an argument of calls that have returned
  Clock registered_, started_;
  std::set<std::uint64_t> begun_, late_;  ///< threads, work items, timers…; those that wait for a grace period
  std::unordered_map<std::uint64_t, std::set<std::uint32_t>> runners_;
  std::map<std::uint64_t, std::vector<Access>> words_;  ///< by address / kWordBytes
  std::unordered_map<std::uint64_t, std::uint64_t> allocations_;
  std::size_t event_ = 0;
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen_;
  std::vector<UnorderedPair> pairs_;
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
