// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "kernel/synchronisation/sync_functions.hpp"
#include "run/races/held_locks.hpp"
#include "wire/race_memory.hpp"

namespace kmodtest::run {

/// Writes what the threads of a module do, as QEMU notes it.
class RaceHistory {
 public:
  using Event = wire::RaceEvent;

  static constexpr std::uint64_t kObject = 0xffff888003001000, kOther = 0xffff888003002000;
  static constexpr std::uint8_t kOpen = Event::kTakesInterrupts | Event::kTakesSoftirqs;
  static std::uint64_t task_of(std::uint32_t thread) { return 0xffff888004000000 + thread * 0x1000; }

  RaceHistory() {
    std::uint32_t number = 1;
    for (const kernel::SyncFunction &function : kernel::sync_functions()) functions_.emplace(number++, &function);
    unknown_ = number;
    for (std::uint32_t i = 0; i < 8; ++i)
      threads.push_back({.stack = 0xffffc90000000000 + i * 0x4000, .task = task_of(i), .pid = 80 + i, .name = {}});
  }

  const SyncFunctions &functions() const { return functions_; }

  /// Calls a function, of the table by its symbol, or one of which nothing is known. It returns at once.
  RaceHistory &call(std::uint32_t thread, std::string_view symbol, std::uint64_t first, std::uint64_t result = 0,
                    std::uint64_t second = 0, std::uint64_t third = 0) {
    begin(thread, symbol, first, second, third);
    return end(result);
  }
  RaceHistory &begin(std::uint32_t thread, std::string_view symbol, std::uint64_t first, std::uint64_t second = 0,
                     std::uint64_t third = 0) {
    Event event = of(Event::Kind::call, thread);
    event.target = number_of(symbol);
    event.address = first;
    event.second = second;
    event.third = third;
    calls_.push_back(event);
    return add(event);
  }
  /// Lets the last call return that has not returned.
  RaceHistory &end(std::uint64_t result = 0) {
    Event event = calls_.back();
    calls_.pop_back();
    event.kind = Event::Kind::returned;
    event.address = result;
    event.second = event.third = 0;
    return add(event);
  }
  RaceHistory &entered(std::uint32_t thread, std::uint64_t first = 0) {
    Event event = of(Event::Kind::entered, thread);
    event.address = first;
    return add(event);
  }
  /// The same for a function of the module that has a place of its own.
  RaceHistory &entered_at(std::uint32_t thread, std::uint64_t function, std::uint64_t first = 0) {
    entered(thread, first);
    events.back().instruction = static_cast<std::uint32_t>(function);
    return *this;
  }
  RaceHistory &left(std::uint32_t thread) { return add(of(Event::Kind::left, thread)); }
  RaceHistory &read(std::uint32_t thread, std::uint64_t address = kObject) { return access(thread, address, 0); }
  RaceHistory &write(std::uint32_t thread, std::uint64_t address = kObject) {
    return access(thread, address, Event::kWrites);
  }
  RaceHistory &access(std::uint32_t thread, std::uint64_t address, int flags, std::uint8_t bytes = 4) {
    Event event = of(Event::Kind::access, thread);
    event.address = address;
    event.flags = static_cast<std::uint8_t>(flags | (flags >= Event::kTakesInterrupts ? 0 : kOpen));
    event.bytes = bytes;
    return add(event);
  }
  /// Moves a thread to a CPU. At the beginning each is on its own.
  RaceHistory &on_cpu(std::uint32_t thread, std::uint8_t cpu) {
    cpus_[thread] = cpu;
    return *this;
  }

  std::vector<Event> events;
  std::vector<wire::RaceThread> threads;

 private:
  Event of(Event::Kind kind, std::uint32_t thread) {
    instruction_ += 0x10;
    return {.kind = kind, .cpu = cpus_[thread], .thread = thread, .instruction = instruction_};
  }
  RaceHistory &add(const Event &event) {
    events.push_back(event);
    return *this;
  }
  std::uint32_t number_of(std::string_view symbol) const {
    for (const auto &[number, function] : functions_)
      if (function->symbol == symbol) return number;
    return unknown_;
  }

  SyncFunctions functions_;
  std::uint32_t unknown_ = 0;
  std::uint32_t instruction_ = 0xc0203000;
  std::uint8_t cpus_[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  std::vector<Event> calls_;
};

}  // namespace kmodtest::run
