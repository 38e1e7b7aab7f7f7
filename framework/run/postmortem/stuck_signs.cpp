// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/postmortem/stuck_signs.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <set>

#include "shared/condition.hpp"

namespace kmodtest::run {
namespace {

constexpr std::uint64_t kTimerHertz = 3'579'545;
constexpr std::uint32_t kTimerMask = 0xffffff;
constexpr std::size_t kMostJumps = 32;

struct Step {
  std::size_t length;
  std::int64_t jump;  ///< from the end of the instruction
};

/// Decodes one instruction; returns nothing for an unknown one.
std::optional<Step> decode(std::string_view code) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(code[at]); };
  const auto starts = [&](std::initializer_list<unsigned char> bytes) {
    return code.size() >= bytes.size() &&
           std::equal(bytes.begin(), bytes.end(), code.begin(),
                      [](unsigned char wanted, char is) { return wanted == static_cast<unsigned char>(is); });
  };
  if (code.empty()) return std::nullopt;
  if (byte(0) == 0x90) return Step{1, 0};
  if (starts({0xf3, 0x90}) || starts({0x66, 0x90})) return Step{2, 0};
  if (starts({0x0f, 0x1f, 0x00})) return Step{3, 0};
  if (starts({0x0f, 0x1f, 0x40, 0x00})) return Step{4, 0};
  if (starts({0x0f, 0x1f, 0x44, 0x00, 0x00})) return Step{5, 0};
  if (starts({0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00})) return Step{7, 0};
  if (starts({0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00})) return Step{8, 0};
  if (byte(0) == 0xeb && code.size() >= 2) return Step{2, static_cast<signed char>(code[1])};
  if (byte(0) == 0xe9 && code.size() >= 5) {
    std::int32_t far = 0;
    std::memcpy(&far, code.data() + 1, sizeof far);
    return Step{5, far};
  }
  return std::nullopt;
}

bool others_are_idle(const std::vector<CpuGlance> &cpus, int cpu) {
  return std::all_of(cpus.begin(), cpus.end(),
                     [cpu](const CpuGlance &other) { return other.cpu == cpu || other.halted; });
}

}  // namespace

bool loops_for_ever(std::string_view code, std::size_t at) {
  std::set<std::size_t> visited;
  while (at < code.size() && visited.size() < kMostJumps) {
    if (!visited.insert(at).second) return true;
    const auto step = decode(code.substr(at));
    if (!step) return false;
    const std::int64_t next = static_cast<std::int64_t>(at + step->length) + step->jump;
    if (next < 0) return false;
    at = static_cast<std::size_t>(next);
  }
  return false;
}

bool Silence::add(std::chrono::nanoseconds now, std::chrono::nanoseconds cpu_time) {
  if (!first_cpu_time_) first_cpu_time_ = cpu_time;
  if (last_cpu_time_ != cpu_time) idle_since_ = now;
  last_cpu_time_ = cpu_time;
  return cpu_time - *first_cpu_time_ >= kComputing || now - idle_since_ >= kIdle;
}

bool StuckSigns::is_stuck(const Row &row, std::chrono::microseconds off) {
  if (row.repeats >= kFewestGlances && off >= kInterruptsOffInVain) return true;
  return row.glances >= kFewestGlances && off >= kInterruptsOff;
}

bool all_halted(const std::vector<CpuGlance> &cpus) {
  return !cpus.empty() && std::all_of(cpus.begin(), cpus.end(), [](const CpuGlance &cpu) { return cpu.halted; });
}

std::optional<std::string> StuckSigns::add(const std::vector<CpuGlance> &cpus, std::uint32_t timer, bool suspended) {
  if (timer_) ticks_ += (timer - *timer_) & kTimerMask;
  timer_ = timer;
  const std::chrono::microseconds passed(ticks_ * 1'000'000 / kTimerHertz);

  for (const CpuGlance &cpu : cpus) {
    // Twice: the state that a running CPU reports can be some instructions old.
    const auto before = loop_at_.find(cpu.cpu);
    const bool again = cpu.loops && before != loop_at_.end();
    if (again) return fmt::format("CPU {} is in an endless loop", cpu.cpu);
    if (cpu.loops) loop_at_.emplace(cpu.cpu, cpu.rip);

    if (!cpu.in_kernel || cpu.halted || cpu.takes_interrupts) {
      off_.erase(cpu.cpu);
      continue;
    }
    Row &row = off_.try_emplace(cpu.cpu, Row{.since = passed}).first->second;
    ++row.glances;
    if (row.states.insert(cpu.registers).second) {
      row.repeats = 0;
    } else if (others_are_idle(cpus, cpu.cpu)) {
      ++row.repeats;
    }
    if (is_stuck(row, passed - row.since)) {
      return fmt::format("CPU {} has had its interrupts off for {} of its time", cpu.cpu,
                         shared::format_duration(passed - row.since));
    }
  }
  asleep_ = suspended && all_halted(cpus) ? asleep_ + 1 : 0;
  if (asleep_ >= kAsleepGlances) return "the guest is suspended, and nothing wakes it";
  const bool dead = all_halted(cpus) &&
                    std::none_of(cpus.begin(), cpus.end(), [](const CpuGlance &cpu) { return cpu.takes_interrupts; });
  dead_ = dead ? dead_ + 1 : 0;
  if (dead_ >= kFewestGlances) return "each CPU has halted with its interrupts off";
  const auto patience = kAfterDeadline + kAfterDeadlinePerCpu * static_cast<int>(cpus.size());
  if (allowed_ && passed >= *allowed_ + patience) {
    return fmt::format("the agent gets no CPU: the step's deadline passed {} of guest time ago",
                       shared::format_duration(passed - *allowed_));
  }
  return std::nullopt;
}

}  // namespace kmodtest::run
