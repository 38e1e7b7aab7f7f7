// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plan/schedule.hpp"
#include "wire/schedule_memory.hpp"

namespace kmodtest::run {

/// What a case executed: where it can be delayed.
struct Profile {
  std::vector<wire::CodeSeen> code;          ///< of the modules under test, in the order in which it was first seen
  std::vector<std::uint64_t> thread_starts;  ///< the first instruction of each thread
  std::vector<std::uint32_t> actions;        ///< the steps that do something, counted from 1
};

/// Adds what another run executed. An instruction has the largest number of its executions, and all flags.
void add_to(Profile &profile, const std::vector<wire::CodeSeen> &code, const std::vector<wire::ThreadSeen> &threads);

/// A way to choose delays.
enum class Strategy {
  mixed,      ///< one of the others, by the seed
  steps,      ///< before the plan's actions
  shared,     ///< at accesses to memory that several threads use, and at calls
  places,     ///< at any instructions, each equally likely
  moments,    ///< at any moments of execution, so loops get the most
  priorities  ///< some threads start late, and up to two wait long at such a place: after PCT (Burckhardt et al., 2010)
};

/// Returns the strategy of this name; nothing if there is none.
std::optional<Strategy> strategy_named(const std::string &name);
std::vector<std::string> strategy_names();

/// Returns the schedule of a seed: always the same one. Its holds have addresses instead of names.
plan::Schedule schedule_of(const Profile &profile, std::uint64_t seed, Strategy strategy = Strategy::mixed);

}  // namespace kmodtest::run
