// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/race_watch.hpp"

#include <algorithm>

#include "emulator/code_ranges.hpp"
#include "emulator/mixed.hpp"

namespace kmodtest::emulator {
namespace {

/// An instruction whose memory only one thread has used so far stops threads this often; any other one that often.
constexpr std::uint32_t kStopsUnshared = 3, kStopsShared = 40;
/// All stops of a case, in instructions: 0.5 s and 1.5 s of guest time.
constexpr std::uint64_t kHeldUnshared = 125'000'000, kHeldShared = 375'000'000;

bool overlap(const RaceWatch::Access &one, const RaceWatch::Access &other) {
  return one.address < other.address + other.bytes && other.address < one.address + one.bytes;
}

void write(wire::AccessSeen &seen, const RaceWatch::Access &access) {
  seen.instruction = access.instruction;
  seen.address = access.address;
  seen.value = access.value;
  seen.bytes = access.bytes;
  seen.cpu = access.cpu;
  seen.writes = access.writes ? 1 : 0;
  seen.atomic = access.kind == RaceWatch::Kind::atomic ? 1 : 0;
}

}  // namespace

void RaceWatch::begin(wire::RaceArea &area) {
  area_ = &area;
  active_ = 0;
  held_unshared_ = 0;
  held_shared_ = 0;
  instruction_count_ = 0;
  pair_count_ = 0;
  stack_of_.fill(0);
  counted_.fill(false);
  stops_.fill({});
  words_.fill({});
  instructions_.fill({});
  pairs_.fill({});
  area.begun = 1;
}

/// Returns the stop of the thread that has this stack pointer and is before this instruction. Ends that of a thread
/// that is elsewhere: it was not stopped there.
RaceWatch::Stop *RaceWatch::stop_at(const At &at) {
  for (Stop &stop : stops_) {
    if (!stop.active || stop.stack / kStack != at.stack / kStack) continue;
    if (stop.stack == at.stack && stop.next == at.address) return &stop;
    // Further down is an interrupt on the same stack.
    if (at.stack >= stop.stack) end(stop);
  }
  return nullptr;
}

void RaceWatch::end(Stop &stop) {
  stop.active = false;
  --active_;
}

Decision RaceWatch::before(const At &at) {
  if (area_ == nullptr || at.cpu >= kMostCpus) return {};
  stack_of_[at.cpu] = at.stack;
  counted_[at.cpu] = false;
  if (area_->request.can_be_entry(at.address)) note_entry(at.address);
  Stop *stop = active_ == 0 ? nullptr : stop_at(at);
  if (stop == nullptr) return {};
  if (stop->left == 0) {
    end(*stop);
    return {};
  }
  const std::uint64_t takes = std::min(stop->left, at.left);
  stop->left -= takes;
  area_->held += takes;
  return {.ends_turn = true, .takes = takes};
}

void RaceWatch::note_entry(std::uint64_t address) {
  auto *const end = area_->entry.begin() + area_->entries;
  if (area_->entries < area_->entry.size() && std::find(area_->entry.begin(), end, address) == end)
    area_->entry[area_->entries++] = address;
}

void RaceWatch::accesses(const Access &access, const Guest &guest) {
  if (area_ == nullptr || access.cpu >= kMostCpus || access.kind == Kind::ignored) return;
  if (area_->request.way != wire::RaceWay::meet) return;
  const std::uint64_t stack = stack_of_[access.cpu];
  if (active_ > 0) compare(access, stack, guest);
  if (!can_be_shared(access.address, stack)) return;
  const bool shared = is_shared(access, stack);
  if (counted_[access.cpu]) return;  // the second access of one instruction
  counted_[access.cpu] = true;
  ++area_->accesses;
  if (access.kind == Kind::plain) maybe_stop(access, stack, shared, guest);
}

void RaceWatch::compare(const Access &access, std::uint64_t stack, const Guest &guest) {
  for (Stop &stop : stops_) {
    if (!stop.active || !overlap(stop.access, access)) continue;
    if (stop.stack == stack && stop.access.instruction == access.instruction) {
      // An instruction that reads and then writes.
      stop.access.writes = stop.access.writes || access.writes;
      stop.access.value = access.value;
    } else if ((stop.access.writes || access.writes) && is_new(stop.access.instruction, access.instruction)) {
      report(stop, access, stack, guest);
    } else if (access.writes && area_->races > 0) {
      // It has read before, which was reported.
      wire::AccessSeen &last = area_->race[area_->races - 1].second;
      if (last.instruction == access.instruction && last.cpu == access.cpu && last.address == access.address)
        last.writes = 1;
    }
  }
}

void RaceWatch::report(const Stop &stop, const Access &access, std::uint64_t stack, const Guest &guest) {
  if (area_->races >= area_->race.size()) {
    ++area_->left_out;
    return;
  }
  wire::RaceSeen &race = area_->race[area_->races++];
  race = {.reports = guest.reports(), .events = area_->events, .first = {}, .second = {}};
  write(race.first, stop.access);
  write(race.second, access);
  guest.describe(stop.task, stop.stack, race.first);
  guest.describe(guest.task(), stack, race.second);
}

/// Notes a pair of instructions. Returns false if it was noted before.
bool RaceWatch::is_new(std::uint64_t first, std::uint64_t second) {
  std::size_t slot = mixed(first ^ mixed(second)) % pairs_.size();
  for (;; slot = (slot + 1) % pairs_.size()) {
    Pair &pair = pairs_[slot];
    if (pair.first == first && pair.second == second) return false;
    if (pair.first != 0) continue;
    if (pair_count_ >= pairs_.size() / 2) return false;
    ++pair_count_;
    pair = {.first = first, .second = second};
    return true;
  }
}

/// Notes who accesses a word. Returns whether several threads do, one of them to write.
bool RaceWatch::is_shared(const Access &access, std::uint64_t stack) {
  const std::uint64_t number = access.address / 8;
  std::size_t slot = mixed(number) % words_.size();
  for (std::size_t tried = 0; tried < 32; ++tried, slot = (slot + 1) % words_.size()) {
    Word &word = words_[slot];
    if (word.number == 0) word = {.number = number, .stack = stack / kStack, .written = false, .several = false};
    if (word.number != number) continue;
    word.several = word.several || word.stack != stack / kStack;
    word.written = word.written || access.writes;
    return word.several && word.written;
  }
  return false;
}

RaceWatch::Instruction *RaceWatch::instruction_at(std::uint64_t address) {
  std::size_t slot = mixed(address) % instructions_.size();
  for (;; slot = (slot + 1) % instructions_.size()) {
    Instruction &instruction = instructions_[slot];
    if (instruction.address == address) return &instruction;
    if (instruction.address != 0) continue;
    if (instruction_count_ >= instructions_.size() / 2) return nullptr;
    ++instruction_count_;
    instruction.address = address;
    return &instruction;
  }
}

void RaceWatch::maybe_stop(const Access &access, std::uint64_t stack, bool shared, const Guest &guest) {
  Instruction *one = instruction_at(access.instruction);
  if (one == nullptr) return;
  ++one->executions;
  const std::uint64_t random = mixed(area_->request.seed ^ mixed(access.instruction ^ mixed(one->executions)));
  if (shared && !one->shared) {
    one->shared = true;
    one->next_stop = std::min(one->next_stop, one->executions + random % 4);
  }
  if (one->executions < one->next_stop) return;
  if (one->stops >= (one->shared ? kStopsShared : kStopsUnshared)) return;
  std::uint64_t &held = one->shared ? held_shared_ : held_unshared_;
  if (held >= (one->shared ? kHeldShared : kHeldUnshared)) return;
  auto *const free = std::find_if(stops_.begin(), stops_.end(), [](const Stop &stop) { return !stop.active; });
  if (free == stops_.end()) return;
  // Long stops find threads that come by rarely, short ones disturb less. 4 ns each: 66 µs to 16 ms, or 0.3 to 1 ms.
  const unsigned power = one->shared ? 14 + static_cast<unsigned>(random >> 32) % 8 : 16 + (random >> 32) % 2;
  const std::uint64_t length = (std::uint64_t{1} << power) + (random >> 40) % (std::uint64_t{1} << power);
  held += length;
  ++area_->pauses;
  ++active_;
  *free = {.stack = stack, .next = access.next, .left = length, .task = guest.task(), .access = access, .active = true};
  const std::uint64_t most = one->shared ? 2 + one->stops : std::uint64_t{4} << std::min(3 * one->stops, 16u);
  ++one->stops;
  one->next_stop = one->executions + 1 + random % most;
}

}  // namespace kmodtest::emulator
