// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/races/noted_accesses.hpp"

#include <algorithm>

#include "wire/race_memory.hpp"

namespace kmodtest::run {
namespace {

using wire::RaceEvent;

constexpr std::size_t kMostAccessesOfWord = 12;

/// Calls a function with each word of an area, and with a bit for each byte of the word that is in the area.
template <class Function>
void for_each_word(std::uint64_t address, std::uint64_t bytes, const Function &function) {
  constexpr std::uint64_t kWordBytes = NotedAccesses::kWordBytes;
  const std::uint64_t end = address + bytes;
  for (std::uint64_t word = address / kWordBytes; word * kWordBytes < end; ++word) {
    const std::uint64_t begin = word * kWordBytes;
    const std::uint64_t from = std::max(begin, address) - begin, until = std::min(begin + kWordBytes, end) - begin;
    function(word, static_cast<std::uint8_t>((1u << until) - (1u << from)));
  }
}

}  // namespace

/// Returns whether the access of an interrupt can come between what the other one's thread does on the same CPU.
bool NotedAccesses::can_interrupt(const Access &interrupt, const Access &other) {
  if ((interrupt.flags & RaceEvent::kInSoftirq) != 0) return (other.flags & RaceEvent::kTakesSoftirqs) != 0;
  return interrupt.in_interrupt && (other.flags & RaceEvent::kTakesInterrupts) != 0;
}

/// Returns whether nothing but synchronisation keeps two accesses apart: they are on several CPUs, or one of them is
/// made by an interrupt, and the other one where interrupts are allowed.
bool NotedAccesses::can_meet(const Access &one, const Access &other) {
  return one.cpu != other.cpu || can_interrupt(one, other) || can_interrupt(other, one);
}

void NotedAccesses::compare(std::vector<Access> &earlier, const Access &now, const VectorClock &before) {
  for (const Access &one : earlier) {
    if (one.thread == now.thread || (one.bytes & now.bytes) == 0 || !(one.writes || now.writes)) continue;
    if ((one.marked && now.marked) || !can_meet(one, now) || one.section <= before.of(one.thread)) continue;
    if (seen_.insert(std::minmax(one.instruction, now.instruction)).second) pairs_.push_back({one.event, now.event});
  }
  // A later access of the same thread stands for an earlier one that does less.
  std::erase_if(earlier, [&now](const Access &one) {
    const bool covered = (one.bytes & ~now.bytes) == 0 && (now.writes || !one.writes);
    return one.thread == now.thread && covered && (one.marked || !now.marked);
  });
  if (earlier.size() >= kMostAccessesOfWord) earlier.erase(earlier.begin());
  earlier.push_back(now);
}

void NotedAccesses::add(const NotedAccess &access, std::uint64_t address, std::uint64_t bytes,
                        const VectorClock &before) {
  for_each_word(address, bytes, [&](std::uint64_t word, std::uint8_t of_word) {
    compare(words_[word], {access, of_word}, before);
  });
}

void NotedAccesses::free(const NotedAccess &access, std::uint64_t object, const VectorClock &before) {
  for_each_word(object, size_of_object_[object], [&](std::uint64_t word, std::uint8_t of_word) {
    const auto found = words_.find(word);
    if (found != words_.end()) compare(found->second, {access, of_word}, before);
  });
}

void NotedAccesses::give(std::uint64_t object, std::uint64_t bytes) {
  size_of_object_[object] = bytes;
  const auto first = words_.lower_bound(object / kWordBytes);
  words_.erase(first, words_.lower_bound((object + bytes + kWordBytes - 1) / kWordBytes));
}

void NotedAccesses::forget_from(std::uint64_t address) {
  words_.erase(words_.lower_bound(address / kWordBytes), words_.end());
}

}  // namespace kmodtest::run
