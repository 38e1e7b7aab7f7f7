// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/sched/sched_trace.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/error.hpp"

namespace kmodtest::observe {
namespace {

using Kind = SchedEvent::Kind;

/// All kernel threads are children of kthreadd, which has this pid.
constexpr std::int32_t kThreadDaemon = 2;
/// Names are cut to TASK_COMM_LEN - 1 (kernel: include/linux/sched.h).
constexpr std::size_t kCutName = 15;

Nanoseconds to_nanoseconds(std::uint64_t time) {
  return Nanoseconds(static_cast<std::int64_t>(time));
}

/// Returns the letter of a prev_state (kernel: include/linux/sched.h, task_index_to_char(); unchanged since 4.14).
char state_letter(std::int64_t state) {
  constexpr std::string_view kLetters = "SDTtXZPI";
  for (std::size_t bit = 0; bit < kLetters.size(); ++bit) {
    if ((state >> bit & 1) != 0) return kLetters[bit];
  }
  return 'R';
}

/// Completes cut names from agent messages that list threads in full.
void complete_names(const std::vector<wire::AgentMessage> &messages, SchedTimeline &timeline) {
  const auto take = [&](const wire::ThreadRecord &record) {
    for (SchedThread &thread : timeline.threads) {
      const bool cut = thread.name.size() == kCutName && record.full_name.starts_with(thread.name);
      if (thread.pid == record.pid && cut) thread.name = record.full_name;
    }
  };
  for (const wire::AgentMessage &message : messages) {
    if (const auto *threads = std::get_if<wire::Threads>(&message)) {
      std::for_each(threads->threads.begin(), threads->threads.end(), take);
    } else if (const auto *after = std::get_if<wire::AfterUnload>(&message)) {
      std::for_each(after->inventory.threads.begin(), after->inventory.threads.end(), take);
    } else if (const auto *autopsy = std::get_if<wire::Autopsy>(&message)) {
      for (const wire::TaskStack &task : autopsy->tasks) take(task.task);
    }
  }
}

}  // namespace

SchedThread *SchedTimelineBuilder::find(std::int32_t pid) {
  const auto found = index_.find(pid);
  return found == index_.end() ? nullptr : &timeline_.threads[found->second];
}

void SchedTimelineBuilder::leave(const SchedEvent &event, Nanoseconds time) {
  SchedThread *thread = find(event.pid);
  if (thread == nullptr) return;
  thread->name = event.name;
  // The trace has no switch to this thread: its time before this is unknown.
  if (running_.erase(event.pid) == 0) thread->runs.push_back({.cpu = event.cpu, .begin = time, .end = time});
  thread->runs.back().end = time;
  thread->runs.back().left = state_letter(event.state);
  const char left = thread->runs.back().left;
  if (left == 'X' || left == 'Z') thread->end = time;
}

void SchedTimelineBuilder::come(const SchedEvent &event, Nanoseconds time) {
  SchedThread *thread = find(event.other);
  if (thread == nullptr) return;
  thread->name = event.other_name;
  thread->runs.push_back({.cpu = event.cpu, .begin = time, .end = time});
  running_.insert(event.other);
  for (auto wake = thread->wakes.rbegin(); wake != thread->wakes.rend() && wake->ran.count() == 0; ++wake)
    wake->ran = time;
}

void SchedTimelineBuilder::wake(const SchedEvent &event, Nanoseconds time) {
  SchedThread *thread = find(event.pid);
  if (thread == nullptr) return;
  thread->name = event.name;
  const bool running = running_.contains(event.pid);
  thread->wakes.push_back({.time = time, .cpu = event.cpu, .ran = running ? time : Nanoseconds(0)});
  if (event.kind == Kind::woken && thread->woken.count() == 0) thread->woken = time;
}

void SchedTimelineBuilder::add(const SchedEvent &event) {
  const Nanoseconds time = to_nanoseconds(event.time);
  switch (event.kind) {
    case Kind::switched:
      leave(event, time);
      come(event, time);
      break;
    case Kind::woken:
    case Kind::started:
      wake(event, time);
      break;
    case Kind::migrated:
      if (SchedThread *thread = find(event.pid))
        thread->migrations.push_back({.time = time, .from = event.from, .to = event.to});
      break;
    case Kind::forked:
      if (event.pid != kThreadDaemon && find(event.pid) == nullptr) break;
      index_[event.other] = timeline_.threads.size();
      running_.erase(event.other);  // a reused pid is another thread
      timeline_.threads.emplace_back();
      timeline_.threads.back().pid = event.other;
      timeline_.threads.back().begin = time;
      break;
    case Kind::exited:
      break;  // it still has to leave its CPU
    case Kind::renamed:
      if (SchedThread *thread = find(event.pid)) thread->name = event.name;
      break;
    case Kind::cpu_turns:
      timeline_.changes.push_back({.time = time, .cpu = event.cpu, .online = event.to >= event.from});
      break;
  }
}

SchedTimeline SchedTimelineBuilder::finish(Nanoseconds end) {
  timeline_.end = end;
  for (const std::int32_t pid : running_) {
    SchedRun &open = find(pid)->runs.back();
    open.end = std::max(open.begin, end);
  }
  for (SchedThread &thread : timeline_.threads) {
    if (thread.end.count() == 0) thread.end = end;
  }
  return std::move(timeline_);
}

std::optional<SchedTimeline> read_sched_trace(const std::vector<wire::AgentMessage> &messages) {
  const wire::TraceStarted *started = nullptr;
  wire::TraceChecked checked;
  std::vector<RawEvent> raw;
  std::uint64_t missed = 0;
  Nanoseconds end{0};
  for (const wire::AgentMessage &message : messages) {
    if (const auto *begun = std::get_if<wire::TraceStarted>(&message)) {
      started = begun;
    } else if (const auto *pages = std::get_if<wire::TracePages>(&message)) {
      read_trace_pages(*pages, raw, missed);
    } else if (const auto *check = std::get_if<wire::TraceChecked>(&message)) {
      checked = *check;
      end = check->time;
    }
  }
  if (started == nullptr) return std::nullopt;
  if (!started->error.empty())
    throw base::Error(base::Code::trace_unusable, "the guest cannot trace its scheduler: " + started->error);
  const SchedFormats formats(started->formats);
  // The events of each CPU are in order already; simultaneous ones stay in the order of their CPUs.
  std::stable_sort(raw.begin(), raw.end(), [](const RawEvent &a, const RawEvent &b) { return a.time < b.time; });
  if (!raw.empty() && raw.back().time > static_cast<std::uint64_t>(Nanoseconds::max().count()))
    throw base::Error(base::Code::trace_unusable, "an event of the trace has an impossible timestamp");
  SchedTimelineBuilder builder{Nanoseconds(started->time)};
  for (const RawEvent &event : raw) {
    if (const auto decoded = formats.decode(event)) builder.add(*decoded);
  }
  if (!raw.empty()) end = std::max(end, to_nanoseconds(raw.back().time));
  SchedTimeline timeline = builder.finish(std::max(end, Nanoseconds(started->time)));
  timeline.cpus = static_cast<std::int32_t>(started->cpus.size());
  timeline.lost = std::max(checked.lost, missed);
  timeline.full = checked.full;
  complete_names(messages, timeline);
  return timeline;
}

}  // namespace kmodtest::observe
