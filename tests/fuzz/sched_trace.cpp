// SPDX-License-Identifier: GPL-2.0-or-later
// The pages of a trace, as a guest with a broken kernel could send them: the result is either an error or a consistent
// timeline. With a first byte of 0xff, the rest is the text of a format file.
#include "observe/sched/sched_trace.hpp"

#include <string>

#include "base/error.hpp"
#include "observe/sched/sched_figures.hpp"
#include "property.hpp"

namespace {

using namespace kmodtest;

/// Returns the formats of kernel 6.1, shortened.
wire::TraceStarted started() {
  const auto format = [](const std::string &name, int id, std::initializer_list<const char *> fields) {
    std::string text = "name: " + name + "\nID: " + std::to_string(id) + "\nformat:\n";
    int offset = 8;
    for (const std::string field : fields) {
      const int size = field.ends_with("comm[16]") ? 16 : 4;
      text += "\tfield:int " + field + ";\toffset:" + std::to_string(offset) + ";\tsize:" + std::to_string(size) +
              ";\tsigned:1;\n";
      offset += size;
    }
    return text;
  };
  wire::TraceStarted begun;
  begun.cpus = {0, 1};
  begun.formats = {
      format("sched_switch", 1, {"prev_comm[16]", "prev_pid", "prev_state", "next_comm[16]", "next_pid"}),
      format("sched_wakeup", 2, {"comm[16]", "pid", "target_cpu"}),
      format("sched_wakeup_new", 3, {"comm[16]", "pid", "target_cpu"}),
      format("sched_migrate_task", 4, {"pid", "orig_cpu", "dest_cpu"}),
      format("sched_process_fork", 5, {"parent_pid", "child_pid"}),
      format("sched_process_exit", 6, {"pid"}),
      format("task_rename", 7, {"pid", "newcomm[16]"}),
      format("cpuhp_enter", 8, {"cpu", "target", "idx"}),
  };
  return begun;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const std::string_view input = fuzz::as_text(data, size);
  std::vector<wire::AgentMessage> reports{started()};
  if (input.starts_with('\xff')) {
    std::get<wire::TraceStarted>(reports[0]).formats.emplace_back(input.substr(1));
  } else {
    const std::size_t half = input.size() / 2;
    reports.emplace_back(wire::TracePages{0, {std::string(input.substr(0, half))}});
    reports.emplace_back(wire::TracePages{1, {std::string(input.substr(half))}});
  }
  try {
    const auto timeline = observe::read_sched_trace(reports);
    fuzz::require(timeline.has_value(), "a trace that was started is there");
    for (const observe::SchedThread &thread : timeline->threads) {
      for (const observe::SchedRun &run : thread.runs)
        fuzz::require(run.end >= run.begin, "a stay ends after it began");
      (void)observe::time_by_cpu(observe::clip(thread, {timeline->begin, timeline->end}));
    }
  } catch (const base::Error &) {
  }
  return 0;
}
