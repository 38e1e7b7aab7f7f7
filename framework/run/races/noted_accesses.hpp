// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "run/races/vector_clock.hpp"

namespace kmodtest::run {

/// Two accesses to the same memory that nothing puts in an order: indexes of events, the first one earlier.
struct UnorderedPair {
  std::size_t first = 0, second = 0;
  bool operator==(const UnorderedPair &) const = default;
};

/// An access of a thread to memory.
struct NotedAccess {
  std::uint32_t thread = 0;
  std::uint32_t section = 0;  ///< of the thread, as in a VectorClock
  std::size_t event = 0;
  std::uint32_t instruction = 0;
  std::uint8_t cpu = 0;
  std::uint8_t flags = 0;  ///< RaceEvent::flags
  bool writes = false;
  bool marked = false;  ///< it does not race with another one that is marked
  bool in_interrupt = false;
};

/// What threads did to each byte of memory, as far as it can matter to later accesses, and the pairs of accesses that
/// nothing puts in an order. Accesses of one CPU are taken for ordered, unless one of them is made by an interrupt, and
/// the other one where interrupts are allowed: what disables preemption leaves no trace in the events. Source:
/// Flanagan, Freund: FastTrack, PLDI 2009.
class NotedAccesses {
 public:
  static constexpr std::uint64_t kWordBytes = 8;

  /// Adds an access to `bytes` bytes. `before`: what has happened before it.
  void add(const NotedAccess &access, std::uint64_t address, std::uint64_t bytes, const VectorClock &before);
  /// Adds that an object is freed: a write to all of it, as far as its other users are concerned.
  void free(const NotedAccess &access, std::uint64_t object, const VectorClock &before);
  /// Memory is given to its only user: earlier accesses do not matter any more.
  void give(std::uint64_t object, std::uint64_t bytes);
  /// The same for all memory from an address on.
  void forget_from(std::uint64_t address);

  /// Returns the pairs in the order in which they were found, each pair of instructions once.
  std::vector<UnorderedPair> take() { return std::move(pairs_); }

 private:
  /// An access to some of the bytes of a word.
  struct Access : NotedAccess {
    std::uint8_t bytes = 0;  ///< a bit for each
  };
  static bool can_interrupt(const Access &interrupt, const Access &other);
  static bool can_meet(const Access &one, const Access &other);
  void compare(std::vector<Access> &earlier, const Access &now, const VectorClock &before);

  std::map<std::uint64_t, std::vector<Access>> words_;               ///< by address / kWordBytes
  std::unordered_map<std::uint64_t, std::uint64_t> size_of_object_;  ///< in bytes
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen_;           ///< pairs of instructions
  std::vector<UnorderedPair> pairs_;
};

}  // namespace kmodtest::run
