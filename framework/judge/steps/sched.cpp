// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>

#include "judge/steps/reading.hpp"
#include "judge/steps/sched_check.hpp"
#include "shared/condition.hpp"
#include "shared/kmsg.hpp"

namespace kmodtest::judge {
namespace {

/// Returns whether the trace was sent up to the end of this step: between its StepStarted and its StepEnded.
bool was_sent(const StepView &view) {
  bool within = false;
  for (const auto &message : view.all.seen.messages) {
    if (const auto *start = std::get_if<wire::StepStarted>(&message)) within = start->step == view.index;
    if (within && std::holds_alternative<wire::TraceChecked>(message)) return true;
    if (const auto *end = std::get_if<wire::StepEnded>(&message); end && end->step == view.index) return false;
  }
  return false;
}

/// Returns the start of the step, of the last action up to it, or of the trace.
observe::Nanoseconds window_begin(const StepView &view, wire::LogScope since) {
  if (since == wire::LogScope::here) return view.started->time;
  observe::Nanoseconds begin = view.all.seen.sched->begin;
  if (since == wire::LogScope::start) return begin;
  for (std::size_t i = 0; i < view.all.test_case.steps.size(); ++i) {
    const auto index = view.all.guest_index[i];
    if (!index || *index > view.index || !wire::is_action(view.all.test_case.steps[i].guest->body)) continue;
    if (const StepView action(view.all, i); action.started != nullptr) begin = action.started->time;
  }
  return begin;
}

/// Returns the lines of the log nearest to a moment. Their clock differs from that of the trace by microseconds only.
std::vector<std::string> lines_around(const CaseView &view, observe::Nanoseconds at) {
  constexpr std::size_t kBefore = 3, kBehind = 3;
  const auto after = std::find_if(view.log.begin(), view.log.end(), [&](const wire::KernelLogLine &line) {
    return observe::Nanoseconds(line.time) > at;
  });
  const auto middle = static_cast<std::size_t>(after - view.log.begin());
  std::vector<std::string> lines;
  for (std::size_t i = middle - std::min(middle, kBefore); i < std::min(middle + kBehind, view.log.size()); ++i)
    lines.push_back(shared::render_dmesg(view.log[i]));
  return lines;
}

}  // namespace

Reading read(const StepView &view, const wire::SendTrace &) {
  const Observations &seen = view.all.seen;
  if (!view.step.sched) return reading_unknown("the plan's condition is missing");
  if (!seen.sched_problem.empty())
    return reading_unknown("the trace of the scheduler cannot be read: " + seen.sched_problem,
                           base::Code::trace_unusable);
  if (!seen.sched) return reading_unknown("the scheduler was not traced", base::Code::trace_unusable);
  const observe::SchedTimeline &timeline = *seen.sched;
  if (view.started == nullptr || !was_sent(view))
    return reading_unknown("the trace of the scheduler did not arrive", base::Code::trace_unusable);
  if (timeline.full) {
    Reading reading = reading_unknown(
        fmt::format("the trace of the scheduler is longer than {} MiB: nothing is proven", wire::kMostTraceBytes >> 20),
        base::Code::trace_unusable);
    reading.hint = "make the case shorter, or its threads switch less often";
    return reading;
  }
  if (timeline.lost > 0) {
    Reading reading =
        reading_unknown(fmt::format("the trace of the scheduler lost {} events: nothing is proven", timeline.lost),
                        base::Code::trace_unusable);
    reading.hint = "threads switched faster than the guest's agent could record it; make them switch less often";
    return reading;
  }
  const observe::SchedWindow window{window_begin(view, view.step.sched->since), observe::Nanoseconds(view.ended->time)};
  static const std::vector<wire::NodeRecord> none;
  const auto fault = check_sched(*view.step.sched, timeline, window, seen.agent ? seen.agent->nodes : none);
  if (!fault) return reading_held();
  Reading reading = reading_broken(fault->why);
  reading.expected = fault->expected;
  reading.seen = render_sched(*view.step.sched, timeline, window);
  if (fault->at) reading.details = lines_around(view.all, *fault->at);
  return reading;
}

}  // namespace kmodtest::judge
