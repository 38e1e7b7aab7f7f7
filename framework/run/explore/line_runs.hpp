// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "observe/schedule_seen.hpp"
#include "outcome/schedule_story.hpp"
#include "run/explore/module_map.hpp"

namespace kmodtest::run {

/// Returns the address of a traced instruction.
std::uint64_t address_of(const wire::Traced &traced);

/// Returns a time as "870 µs" or "1.07 ms".
std::string duration_of_wait(wire::Microseconds wait);

/// Names what a run with a schedule executed. `map` must know its modules, and both must outlive this.
class LineNames {
 public:
  LineNames(ModuleMap &map, const observe::ScheduleSeen &seen);

  /// Returns the function that a thread began in: "worker()"; "thread 3" if it has no name.
  const std::string &thread(std::size_t number);
  /// Returns the line of an instruction, without thread and CPU.
  const outcome::LineRun &line(std::uint64_t address);
  /// Returns whether the instruction uses memory that several threads use.
  bool is_shared(std::uint64_t address) const { return shared_.contains(address); }

  /// Returns the trace by lines of source: neighbours of one thread with the same line are one. `waits`: how long a
  /// thread is held up at an address.
  std::vector<outcome::LineRun> lines(const std::map<std::uint64_t, wire::Microseconds> &waits);

 private:
  ModuleMap &map_;
  const observe::ScheduleSeen &seen_;
  std::set<std::uint64_t> shared_;
  std::map<std::uint64_t, outcome::LineRun> known_;
  std::map<std::size_t, std::string> threads_;
};

/// Sets both parts of a story: the last lines that the runs have in common, and what follows in each.
void compare_runs(const std::vector<outcome::LineRun> &failing, const std::vector<outcome::LineRun> &passing,
                  outcome::ScheduleStory &story);

}  // namespace kmodtest::run
