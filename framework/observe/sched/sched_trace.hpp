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

/// Returns the scheduling that the messages of a case describe; nothing if it was not traced. A case that ended early
/// has the pages that arrived before. Throws base::Error if there should be a trace and it cannot be read.
std::optional<SchedTimeline> read_sched_trace(const std::vector<wire::AgentMessage> &messages);

/// Combines events, given in order of time, into stays of threads.
class SchedTimelineBuilder {
 public:
  explicit SchedTimelineBuilder(Nanoseconds begin) { timeline_.begin = begin; }
  void add(const SchedEvent &event);
  /// Ends everything that is still open.
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
