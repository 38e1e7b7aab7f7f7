// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <fmt/format.h>

#include "judge/steps/nearest.hpp"
#include "judge/steps/reading.hpp"
#include "shared/condition.hpp"
#include "shared/kmsg.hpp"

namespace kmodtest::judge {
namespace {

using shared::Evaluation;
using shared::format_duration;
using shared::Truth;

/// The lines that the step saw, and the relevant times.
struct Scope {
  std::vector<wire::KernelLogLine> lines;
  std::size_t before = 0;          ///< how many of them precede the step's marker
  wire::Microseconds start{0};     ///< of the step, by the kernel log's clock
  wire::Microseconds deadline{0};  ///< the deadline for the condition
};

/// A part of a condition: which of in_order, contains, absent, counts, intervals, and its place in the plan.
struct Part {
  wire::LogCondition condition;
  wire::Pattern pattern;
  std::string expected;
};

/// Returns a condition of this item alone. `kind`: the list of LogCondition that it belongs to.
template <class Item>
wire::LogCondition only(std::vector<Item> wire::LogCondition::*kind, const Item &item) {
  wire::LogCondition condition;
  (condition.*kind).push_back(item);
  return condition;
}

/// Returns the parts in the order of plan::Step::part_locations. in_order counts as one part per pattern, each with the
/// patterns before it.
std::vector<Part> parts_of(const wire::LogCondition &condition) {
  std::vector<Part> parts;
  wire::LogCondition so_far;
  for (const auto &pattern : condition.in_order) {
    std::string expected = "a line with " + shared::render_pattern(pattern);
    if (!so_far.in_order.empty()) expected += " after one with " + shared::render_pattern(so_far.in_order.back());
    so_far.in_order.push_back(pattern);
    parts.push_back({.condition = so_far, .pattern = pattern, .expected = std::move(expected)});
  }
  for (const auto &pattern : condition.contains) {
    parts.push_back({.condition = only(&wire::LogCondition::contains, pattern),
                     .pattern = pattern,
                     .expected = "a line with " + shared::render_pattern(pattern)});
  }
  for (const auto &pattern : condition.absent) {
    parts.push_back({.condition = only(&wire::LogCondition::absent, pattern),
                     .pattern = pattern,
                     .expected = "no line with " + shared::render_pattern(pattern)});
  }
  for (const auto &count : condition.counts) {
    parts.push_back({.condition = only(&wire::LogCondition::counts, count),
                     .pattern = count.of,
                     .expected = shared::render_pattern(count.of) + " " + range_words(count.is) + " times"});
  }
  for (const auto &interval : condition.intervals) {
    parts.push_back(
        {.condition = only(&wire::LogCondition::intervals, interval),
         .pattern = interval.of,
         .expected = fmt::format("{} every {}..{}, {} times", shared::render_pattern(interval.of),
                                 format_duration(interval.min), format_duration(interval.max), interval.gaps + 1)});
  }
  return parts;
}

Evaluation evaluate_all(const wire::LogCondition &condition, const std::vector<wire::KernelLogLine> &lines) {
  shared::LogEvaluator evaluator(condition);
  for (const auto &line : lines) evaluator.add(line);
  return evaluator.evaluate();
}

/// Returns whether the condition became true by the deadline and stayed true for `hold_for`. Later lines do not count:
/// the guest had not read them when it decided.
bool held_in_time(const wire::LogCondition &condition, const Scope &scope, wire::Microseconds hold_for) {
  shared::LogEvaluator evaluator(condition);
  for (std::size_t i = 0; i < scope.before; ++i) evaluator.add(scope.lines[i]);
  std::optional<wire::Microseconds> since;
  if (evaluator.evaluate().truth == Truth::violated) return false;
  if (evaluator.evaluate().truth == Truth::held) since = scope.start;
  for (std::size_t i = scope.before; i < scope.lines.size(); ++i) {
    // Without a hold_for, the first moment is enough.
    if (since && (hold_for.count() == 0 || scope.lines[i].time > *since + hold_for)) break;
    evaluator.add(scope.lines[i]);
    const Truth truth = evaluator.evaluate().truth;
    if (truth == Truth::violated) return false;
    if (truth == Truth::held && !since) since = scope.lines[i].time;
  }
  return since && *since <= scope.deadline;
}

/// Returns "'Thread exiting' came 1.200 s after the deadline", or where else the pattern is found.
std::string hint_for(const StepView &view, const Part &part, const Scope &scope) {
  const bool wanted = part.condition.absent.empty();
  if (!wanted) return {};
  const shared::Matcher matcher(part.pattern);
  const std::string name = shared::render_pattern(part.pattern);
  const auto begin = view.scope_begin(std::get<wire::LogCondition>(view.guest().body).since);
  for (std::size_t i = begin.value_or(0); i < view.all.log.size(); ++i) {
    const auto &line = view.all.log[i];
    if (line.time <= scope.deadline || shared::is_marker(line) || !matcher.matches(line.text)) continue;
    return fmt::format("the module printed {} {} after the deadline; 'within' sets how long to wait", name,
                       format_duration(line.time - scope.deadline));
  }
  for (std::size_t i = 0; i < begin.value_or(0); ++i) {
    const auto &line = view.all.log[i];
    if (shared::is_marker(line) || !matcher.matches(line.text)) continue;
    return fmt::format(
        "{} appeared before the part of the log that this step looks at; 'since: start' looks at all of it", name);
  }
  return {};
}

std::string seen_for(const Part &part, const Scope &scope) {
  const shared::Matcher matcher(part.pattern);
  std::vector<std::string> matching;
  for (const auto &line : scope.lines) {
    if (!shared::is_marker(line) && matcher.matches(line.text)) matching.push_back(shared::render_dmesg(line));
  }
  if (matching.empty()) return nearest_line(part.pattern, scope.lines);
  // For absent lines: the first. For repeats: the last few show the gap or the number.
  constexpr std::size_t kMost = 6;
  std::string text;
  for (std::size_t i = matching.size() > kMost ? matching.size() - kMost : 0; i < matching.size(); ++i) {
    text += (text.empty() ? "" : "\n") + matching[i];
  }
  return text;
}

/// Returns a result for a part of the log in which lines are missing: nothing is proven by a line that is not there.
Reading reading_lost(std::uint64_t lost) {
  Reading reading = reading_unknown(
      fmt::format("{} lines of the kernel log were overwritten before they were read: nothing is proven", lost),
      base::Code::log_overwritten);
  reading.hint = kLargerLog;
  return reading;
}

}  // namespace

Reading read(const StepView &view, const wire::LogCondition &condition) {
  const auto begin = view.scope_begin(condition.since);
  const auto start = view.marker_time();
  if (!begin || !start) return reading_unknown("the step's marker is not in the kernel log");
  Scope scope;
  scope.start = *start;
  scope.deadline = *start + view.guest().within;
  for (std::size_t i = *begin; i < view.log_end(); ++i) scope.lines.push_back(view.all.log[i]);

  const std::size_t marker = *view.all.markers[view.index];
  scope.before = std::min(scope.lines.size(), marker > *begin ? marker - *begin : 0);

  Scope lenient = scope;
  lenient.deadline += slack(view.guest().within);
  const bool agent_held = view.ended != nullptr && view.ended->result == wire::StepResult::held;
  const std::uint64_t lost = view.all.lost_in(*begin, view.log_end());
  const bool needs_all = !condition.absent.empty() || !condition.counts.empty() || !condition.intervals.empty();
  if (agent_held && held_in_time(condition, lenient, view.guest().hold_for)) {
    return lost > 0 && needs_all ? reading_lost(lost) : reading_held();
  }

  const Evaluation whole = evaluate_all(condition, scope.lines);
  if (!agent_held && whole.truth == Truth::held && held_in_time(condition, scope, view.guest().hold_for)) {
    return reading_held();
  }
  Reading reading = reading_broken(whole.why);
  if (whole.truth == Truth::held) reading.why = "it held only after the deadline";
  const auto parts = parts_of(condition);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto &part = parts[i];
    const bool late = whole.truth == Truth::held && !held_in_time(part.condition, scope, {});
    if (evaluate_all(part.condition, scope.lines).truth == Truth::held && !late) continue;
    if (lost > 0 && part.condition.absent.empty()) return reading_lost(lost);
    if (late) reading.why = shared::render_pattern(part.pattern) + " appeared too late";
    reading.expected = part.expected;
    reading.seen = seen_for(part, scope);
    reading.hint = hint_for(view, part, scope);
    if (i < view.step.part_locations.size()) reading.where = view.step.part_locations[i];
    break;
  }
  return reading;
}

}  // namespace kmodtest::judge
