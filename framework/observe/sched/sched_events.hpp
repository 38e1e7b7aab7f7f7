// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "observe/sched/trace_pages.hpp"

namespace kmodtest::observe {

/// An event of the scheduler. Fields that a kind does not have are 0.
struct SchedEvent {
  enum class Kind {
    switched,   ///< sched_switch: `pid` left in `state`, `other` runs now
    woken,      ///< sched_wakeup
    started,    ///< sched_wakeup_new
    migrated,   ///< sched_migrate_task: `from`, `to`
    forked,     ///< sched_process_fork: `pid` made `other`
    exited,     ///< sched_process_exit
    renamed,    ///< task_rename
    cpu_turns,  ///< cpuhp_enter of sched:active; `from`: the state it is in, `to`: the one it goes to
  };
  Kind kind = Kind::switched;
  std::uint64_t time = 0;  ///< nanoseconds
  std::int32_t cpu = 0;    ///< where it happened; for woken, started and cpu_turns: the CPU that is affected
  std::int32_t pid = 0;
  std::int32_t other = 0;
  std::int64_t state = 0;
  std::int32_t from = 0;
  std::int32_t to = 0;
  std::string_view name;        ///< of `pid`
  std::string_view other_name;  ///< of `other`
};

/// The formats of a guest's events, for decoding raw ones.
class SchedFormats {
 public:
  /// Parses the texts of tracefs' format files (kernel: Documentation/trace/events.rst, "Event formats"). Throws
  /// base::Error if a scheduler event is missing or lacks a field.
  explicit SchedFormats(const std::vector<std::string> &texts);
  /// Decodes an event; returns nothing for events of other kinds. Throws base::Error if it is too short for its format.
  std::optional<SchedEvent> decode(const RawEvent &raw) const;

 private:
  struct Field {
    std::size_t offset = 0;
    std::size_t size = 0;
  };
  struct Format {
    std::string name;
    SchedEvent::Kind kind{};
    std::vector<Field> fields;  // in the order of the kind's line in the table
  };
  static Field field_of(std::string_view format, std::string_view name);

  std::map<std::uint16_t, Format> formats_;
};

}  // namespace kmodtest::observe
