// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/preemption.hpp"

#include <algorithm>

#include "emulator/mixed.hpp"

namespace kmodtest::emulator {
namespace {

using wire::CodeSeen;

}  // namespace

void Preemption::begin(wire::ScheduleArea &area) {
  area_ = &area;
  wait_count_ = 0;
  last_ = kNoThread;
  on_cpu_.fill(kNoThread);
  stack_of_.fill(0);
  if (area.observes != 0) words_.fill({});
  area.begun = 1;
  area.points = std::min<std::uint32_t>(area.points, wire::kMostPoints);
  for (std::uint32_t i = 0; i < area.points; ++i) {
    const std::size_t slot = code_at(area.point[i].address);
    if (slot < area.code.size()) area.code[slot].flags |= wire::kCodeHasPoint;
  }
}

/// Returns the place of an instruction in the table; its size if there is no room.
std::size_t Preemption::code_at(std::uint64_t address) {
  auto &code = area_->code;
  std::size_t slot = mixed(address) % code.size();
  for (std::size_t tried = 0; tried < code.size(); ++tried, slot = (slot + 1) % code.size()) {
    if (code[slot].address == address) return slot;
    if (code[slot].address != 0) continue;
    if (area_->code_count >= code.size() / 2) break;
    ++area_->code_count;
    code[slot].address = address;
    return slot;
  }
  return code.size();
}

std::uint16_t Preemption::thread_of(unsigned cpu, std::uint64_t stack, std::uint64_t address) {
  if (on_cpu_[cpu] != kNoThread && stack_of_[cpu] == stack) return on_cpu_[cpu];
  std::uint32_t index = 0;
  while (index < area_->threads && area_->thread[index].stack != stack) ++index;
  if (index == area_->threads) {
    if (area_->threads < area_->thread.size()) {
      area_->thread[index] = {.stack = stack, .first = address, .instructions = 0, .cpu = cpu};
      ++area_->threads;
    } else {
      --index;  // all further ones are one
    }
  }
  on_cpu_[cpu] = static_cast<std::uint16_t>(index);
  stack_of_[cpu] = stack;
  return on_cpu_[cpu];
}

void Preemption::trace(const At &at, std::uint16_t thread, bool waits) {
  if (area_->observes == 0 || area_->traced >= area_->trace.size()) return;
  area_->trace[area_->traced++] = {.low = static_cast<std::uint32_t>(at.address),
                                   .thread = thread,
                                   .cpu = static_cast<std::uint8_t>(at.cpu),
                                   .what = static_cast<std::uint8_t>(waits)};
}

Decision Preemption::wait(Wait &wait, std::uint64_t left) {
  wire::PointSeen &seen = area_->seen[wait.point];
  if (seen.turns > 0 && wait.left == 0) {
    wait.active = false;
    return {};
  }
  ++seen.turns;
  const std::uint64_t takes = std::min(wait.left, left);
  wait.left -= takes;
  return {.ends_turn = true, .takes = takes};
}

Decision Preemption::before(const At &at) {
  if (area_ == nullptr || at.cpu >= kMostCpus) return {};
  const std::uint64_t stack = at.stack / kStack;
  for (std::size_t i = 0; i < wait_count_; ++i) {
    Wait &one = waits_[i];
    if (!one.active || one.stack != stack || one.address != at.address) continue;
    const Decision decision = wait(one, at.left);
    if (!decision.ends_turn) trace(at, thread_of(at.cpu, stack, at.address), false);
    return decision;
  }
  return arrive(at, stack);
}

Decision Preemption::arrive(const At &at, std::uint64_t stack) {
  const std::uint16_t thread = thread_of(at.cpu, stack, at.address);
  ++area_->instructions;
  ++area_->thread[thread].instructions;
  if (thread != last_) {
    last_ = thread;
    ++area_->switches;
    area_->interleaving = mixed(area_->interleaving ^ at.address ^ (std::uint64_t{thread} << 56));
  }
  const std::size_t slot = code_at(at.address);
  if (slot == area_->code.size()) return {};
  CodeSeen &code = area_->code[slot];
  if (++code.times == 1) {
    code.order = static_cast<std::uint32_t>(area_->instructions);
    code.flags |= at.flags;
  }
  if ((code.flags & wire::kCodeHasPoint) != 0 && wait_count_ < waits_.size()) {
    for (std::uint32_t i = 0; i < area_->points; ++i) {
      const wire::SchedulePoint &point = area_->point[i];
      if (point.address != at.address || point.time != code.times) continue;
      Wait &started = waits_[wait_count_++];
      started = {.stack = stack, .address = at.address, .left = point.hold, .point = i, .active = true};
      area_->seen[i] = {.turns = 0, .thread = thread, .cpu = at.cpu};
      trace(at, thread, true);
      return wait(started, at.left);
    }
  }
  trace(at, thread, false);
  return {};
}

Preemption::Word *Preemption::word_at(std::uint64_t number) {
  std::size_t slot = mixed(number) % words_.size();
  for (std::size_t tried = 0; tried < 32; ++tried, slot = (slot + 1) % words_.size()) {
    if (words_[slot].number == number) return &words_[slot];
    if (words_[slot].number != 0) continue;
    words_[slot].number = number;
    return &words_[slot];
  }
  return nullptr;
}

void Preemption::accesses(unsigned cpu, std::uint64_t instruction, std::uint64_t address, bool writes) {
  if (area_ == nullptr || area_->observes == 0 || cpu >= kMostCpus || on_cpu_[cpu] == kNoThread) return;
  if (address / kStack == stack_of_[cpu]) return;
  const std::size_t slot = code_at(instruction);
  Word *word = slot == area_->code.size() ? nullptr : word_at(address / 8);
  if (word == nullptr) return;
  area_->code[slot].flags |= writes ? wire::kCodeWrites : wire::kCodeReads;
  if (word->thread == kNoThread) word->thread = on_cpu_[cpu];
  word->several = word->several || word->thread != on_cpu_[cpu];
  word->written = word->written || writes;
  auto *const end = word->users.begin() + word->user_count;
  if (std::find(word->users.begin(), end, slot) == end && word->user_count < word->users.size()) {
    word->users[word->user_count++] = static_cast<std::uint16_t>(slot);
  }
  if (!word->several || !word->written) return;
  area_->code[slot].flags |= wire::kCodeShared;
  for (std::size_t i = 0; i < word->user_count; ++i) area_->code[word->users[i]].flags |= wire::kCodeShared;
}

}  // namespace kmodtest::emulator
