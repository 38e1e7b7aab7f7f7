// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "observe/sched/sched.hpp"
#include "observe/sched/sched_events.hpp"
#include "wire/message.hpp"

namespace kmodtest::observe {

/// What the reports of a case say of the scheduler; nothing when it was not traced. Of a case that broke off, as far as
/// pages came. Throws base::Error when there was to be a trace and it cannot be read.
std::optional<SchedTimeline> read_sched_trace(const std::vector<wire::Report> &reports);

/// Puts events together, given by time, to stays of threads.
class SchedTimelineBuilder {
 public:
  explicit SchedTimelineBuilder(Nanoseconds begin) { timeline_.begin = begin; }
  void add(const SchedEvent &event);
  /// Ends all that is open.
  SchedTimeline finish(Nanoseconds end);

 private:
  SchedThread *find(std::int32_t pid);
  void leave(const SchedEvent &event, Nanoseconds time);
  void come(const SchedEvent &event, Nanoseconds time);
  void wake(const SchedEvent &event, Nanoseconds time);

  SchedTimeline timeline_;
  std::map<std::int32_t, std::size_t> index_;  // in timeline_.threads, by pid
  std::set<std::int32_t> running_;
};

}  // namespace kmodtest::observe
