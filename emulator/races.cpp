// SPDX-License-Identifier: GPL-2.0-or-later

/// The part of the plugin that finds data races (race_watch.hpp). It stops a thread as explorer.cpp does.
#include "emulator/races.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "emulator/code_ranges.hpp"
#include "emulator/cpu_load.hpp"
#include "emulator/instruction_kind.hpp"
#include "emulator/mixed.hpp"
#include "emulator/race_events.hpp"
#include "emulator/race_watch.hpp"
#include "emulator/report_bytes.hpp"
#include "emulator/slab_object.hpp"
#include "emulator/turn.hpp"
#include "wire/kernel_addresses.hpp"
#include "wire/race_memory.hpp"

namespace kmodtest::emulator {
namespace {

constexpr int kNone = 0, kAll = 2;      // QEMU_PLUGIN_CB_NO_REGS, _RW_REGS
constexpr int kEachAccess = 3;          // QEMU_PLUGIN_MEM_RW
constexpr std::size_t kMostBytes = 15;  // of an instruction
constexpr std::size_t kCallBytes = 7;   // of the longest call instruction that a compiler emits

const Qemu *watched = nullptr;
const QemuPlugin *calls_of_qemu = nullptr;
wire::RaceArea *races = nullptr;
const unsigned char *reports_page = nullptr;
RaceWatch watcher;
RaceEvents events;
bool watching = false;  // since the last restore

void watch_again(void *) {
  watching = false;
}

/// What is known of an instruction when it is translated, in the pointer that QEMU keeps for it.
struct Noted {
  std::uint32_t low = 0;            ///< the lower half of its address
  std::uint16_t left_in_block = 0;  ///< instructions from this one on
  std::uint8_t bytes : 4 = 0;
  Flow flow : 4 = Flow::other;
  RaceWatch::Kind kind = RaceWatch::Kind::plain;

  std::uint64_t address() const { return wire::code_address(low); }
  std::uint64_t next() const { return address() + bytes; }
};
static_assert(sizeof(Noted) == sizeof(void *));

Noted noted(const void *data) {
  Noted one;
  std::memcpy(&one, &data, sizeof one);
  return one;
}

template <class Value>
Value in_cpu(std::size_t offset) {
  Value value;
  std::memcpy(&value, watched->current_cpu() + offset, sizeof value);
  return value;
}

/// Reads the guest's memory. Returns false, and zeros, if it has none there.
bool read_guest(std::uint64_t address, void *to, std::size_t bytes) {
  const bool read = calls_of_qemu->access_memory(watched->current_cpu(), address, to, bytes, false) == 0;
  if (!read) std::memset(to, 0, bytes);
  return read;
}

std::uint64_t word_of_guest(std::uint64_t address) {
  std::uint64_t word = 0;
  read_guest(address, &word, sizeof word);
  return word;
}

std::uint64_t current_task() {
  if (races->request.layout.current == 0) return 0;
  return word_of_guest(in_cpu<std::uint64_t>(calls_of_qemu->gs_base) + races->request.layout.current);
}

std::uint64_t report_bytes_now() {
  return report_bytes(reports_page);
}

/// Finds out whether a call can have left this word on a stack.
bool is_return(std::uint64_t word, wire::ReturnSeen &found) {
  if (word < kCodeBegin) return false;
  std::array<unsigned char, kCallBytes> code{};
  if (!read_guest(word - kCallBytes, code.data(), code.size())) return false;
  const auto back = [&code](std::size_t bytes) { return code[kCallBytes - bytes]; };
  found = {.address = word, .calls = 0};
  if (back(5) == 0xe8) {
    found.calls = fixed_target(std::span(code).last<5>(), word);
    return true;
  }
  const auto calls_indirectly = [&](std::size_t bytes) {
    return back(bytes) == 0xff && (back(bytes - 1) >> 3 & 7) == 2;
  };
  return calls_indirectly(2) || calls_indirectly(3) || calls_indirectly(6) || calls_indirectly(7);
}

void read_returns(std::uint64_t stack, wire::AccessSeen &seen) {
  constexpr std::size_t kPiece = 512;
  std::array<std::uint64_t, kPiece / 8> words{};
  const std::uint64_t end = (stack / kStack + 1) * kStack;
  for (std::uint64_t at = (stack + 7) / 8 * 8; at < end;) {
    const std::uint64_t piece = std::min(end, (at / kPiece + 1) * kPiece) - at;
    if (!read_guest(at, words.data(), piece)) return;
    for (std::size_t i = 0; i < piece / 8; ++i) {
      if (seen.returns == seen.return_to.size()) return;
      if (is_return(words[i], seen.return_to[seen.returns])) ++seen.returns;
    }
    at += piece;
  }
}

void name(std::uint64_t task, std::uint64_t stack, wire::RaceThread &thread) {
  if (task == 0) return;
  const wire::TaskLayout &layout = races->request.layout;
  read_guest(task + layout.name, thread.name.data(), thread.name.size() - 1);
  read_guest(task + layout.pid, &thread.pid, sizeof thread.pid);
  thread.in_interrupt = stack - word_of_guest(task + layout.stack) < layout.stack_bytes ? 0 : 1;
}

// A CPU's registers stand in the order RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI.
std::uint64_t general_register(std::size_t number) {
  constexpr std::size_t kStackPointer = 4;
  return in_cpu<std::uint64_t>(calls_of_qemu->stack_pointer - 8 * kStackPointer + 8 * number);
}
std::uint64_t argument(unsigned number) {
  constexpr std::array<std::size_t, 3> kRegisters = {7, 6, 2};
  return general_register(kRegisters[number]);
}
std::uint64_t result() {
  return general_register(0);
}

std::uint64_t target(std::uint64_t instruction) {
  std::array<unsigned char, 5> code{};
  return read_guest(instruction, code.data(), code.size()) ? fixed_target(code, instruction + code.size()) : 0;
}

void slab_object(std::uint64_t address, wire::RaceEvent &event) {
  const SlabObject object = find_slab_object(read_guest, races->request.slabs, address);
  event.second = object.begin;
  event.third = object.bytes;
}

std::uint32_t reports_now() {
  return report_bytes(reports_page);
}

bool takes_interrupts() {
  // RFLAGS is behind the address of the next instruction, which is behind the 16 general registers.
  constexpr std::uint64_t kInterrupts = 0x200;
  return (general_register(17) & kInterrupts) != 0;
}

std::uint32_t preempt_count() {
  const std::uint64_t variable = races->request.layout.preempt_count;
  if (variable == 0) return ~0u;
  return static_cast<std::uint32_t>(word_of_guest(in_cpu<std::uint64_t>(calls_of_qemu->gs_base) + variable));
}

constexpr RaceEvents::Guest kEventsGuest{.task = current_task,
                                         .argument = argument,
                                         .result = result,
                                         .target = target,
                                         .word = word_of_guest,
                                         .reports = reports_now,
                                         .takes_interrupts = takes_interrupts,
                                         .preempt_count = preempt_count,
                                         .name = name,
                                         .object = slab_object};

void describe(std::uint64_t task, std::uint64_t stack, wire::AccessSeen &seen) {
  read_returns(stack, seen);
  name_slab_object(read_guest, races->request.slabs, seen);
  seen.thread = events.thread_of(task, stack, kEventsGuest);
  wire::RaceThread thread;
  name(task, stack, thread);
  seen.task = thread.name;
  seen.pid = thread.pid;
  seen.in_interrupt = thread.in_interrupt;
}

constexpr RaceWatch::Guest kGuest{.task = current_task, .describe = describe, .reports = report_bytes_now};

void before_instruction_of_module(unsigned, void *data) {
  const auto caller = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
  if (!watching) {
    watching = true;
    watcher.begin(*races);
    events.begin(*races);
  }
  const Noted one = noted(data);
  unsigned char *state = watched->current_cpu();
  const Turn turn(*watched, state, one.left_in_block);
  const unsigned cpu = index_of_current_cpu(*watched);
  const auto stack = in_cpu<std::uint64_t>(calls_of_qemu->stack_pointer);
  const Decision decision = watcher.before({.cpu = cpu, .stack = stack, .address = one.address(), .left = turn.left()});
  if (!decision.ends_turn) {
    events.before({.cpu = cpu, .stack = stack, .address = one.address(), .next = one.next(), .flow = one.flow},
                  kEventsGuest);
    return;
  }
  turn.take(decision.takes);
  calls_of_qemu->end_turn(state);
  calls_of_qemu->leave(state, caller);
}

void at_access(unsigned, std::uint32_t info, std::uint64_t address, void *data) {
  const Noted one = noted(data);
  const unsigned cpu = index_of_current_cpu(*watched);
  if (one.kind != RaceWatch::Kind::ignored)
    events.accesses({.cpu = cpu,
                     .instruction = one.address(),
                     .address = address,
                     .bytes = std::uint32_t{1} << calls_of_qemu->size_shift(info),
                     .writes = calls_of_qemu->is_store(info),
                     .atomic = one.kind == RaceWatch::Kind::atomic},
                    kEventsGuest);
  watcher.accesses({.cpu = cpu,
                    .instruction = one.address(),
                    .next = one.next(),
                    .address = address,
                    .value = calls_of_qemu->value(info).low,
                    .bytes = std::uint32_t{1} << calls_of_qemu->size_shift(info),
                    .writes = calls_of_qemu->is_store(info),
                    .kind = one.kind},
                   kGuest);
}

}  // namespace

bool start_watching(const Qemu &qemu, const QemuPlugin &plugin, void *file, const void *shared) {
  watched = &qemu;
  calls_of_qemu = &plugin;
  races = static_cast<wire::RaceArea *>(file);
  reports_page = static_cast<const unsigned char *>(shared);
  if (!after_each_cpu_load(qemu, watch_again)) return false;
  races->engine = wire::RaceArea::kMagic;
  return true;
}

void watch(Instruction *instruction, std::uint64_t address, std::size_t left_in_block) {
  std::array<unsigned char, kMostBytes> code{};
  const std::size_t bytes = calls_of_qemu->bytes(instruction, code.data(), code.size());
  const Noted one{.low = static_cast<std::uint32_t>(address),
                  .left_in_block = static_cast<std::uint16_t>(left_in_block),
                  .bytes = static_cast<std::uint8_t>(bytes & 15),
                  .flow = flow_of_instruction({code.data(), bytes}, address),
                  .kind = kind_of_instruction({code.data(), bytes})};
  void *data = nullptr;
  std::memcpy(&data, &one, sizeof one);
  calls_of_qemu->before(instruction, before_instruction_of_module, kAll, data);
  calls_of_qemu->on_access(instruction, at_access, kNone, kEachAccess, data);
}

}  // namespace kmodtest::emulator
