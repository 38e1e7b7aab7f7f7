// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html/steps.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "judge/observations.hpp"
#include "judge/step_view.hpp"
#include "observe/sched/sched.hpp"
#include "shared/kmsg.hpp"

namespace kmodtest::report::html {

namespace {

const char *words_of(const judge::StepView &view) {
  if (view.started == nullptr) return "not reached";
  if (view.ended == nullptr) return "did not end";
  switch (view.ended->result) {
    case wire::StepResult::held:
      return "held";
    case wire::StepResult::violated:
      return "did not hold";
    case wire::StepResult::expired:
      return "timed out";
    case wire::StepResult::refused:
      return "refused";
  }
  return "unknown";
}

/// Returns the plan's line without indentation and list mark.
std::string trimmed(std::string line) {
  line.erase(0, line.find_first_not_of(" \t"));
  if (line.starts_with("- ")) line.erase(0, 2);
  return line.substr(0, line.find('\n'));
}

}  // namespace

double Span::place(wire::Microseconds time) const {
  if (end <= begin) return 0;
  const double part = static_cast<double>((time - begin).count()) / static_cast<double>((end - begin).count());
  return std::clamp(part, 0.0, 1.0);
}

std::vector<StepSeen> steps_of(const outcome::CaseFinished &finished) {
  std::vector<StepSeen> steps;
  if (!finished.seen) return steps;
  const plan::Case &test_case = *finished.test_case;
  const judge::CaseView all(test_case, *finished.seen);
  for (std::size_t index = 0; index < test_case.steps.size(); ++index) {
    const plan::Step &step = test_case.steps[index];
    StepSeen seen;
    seen.number = index + 1;
    seen.key = step.key;
    seen.source = trimmed(step.source);
    // The first line of a step that has more lines is not informative.
    if ((seen.source.empty() || seen.source.ends_with(":")) && step.guest) seen.source = step.guest->label;
    if (seen.source.empty()) seen.source = step.key;
    seen.in_guest = step.guest.has_value();
    bool held = false;
    if (step.guest) {
      const judge::StepView view(all, index);
      if (view.started != nullptr) seen.begin = view.started->time;
      if (view.ended != nullptr) seen.end = view.ended->time;
      held = view.started != nullptr && view.ended != nullptr && view.ended->result == wire::StepResult::held;
      seen.result = words_of(view);
    } else {
      seen.result = "checked before";
    }
    const auto &evidence = finished.verdict.evidence;
    seen.bad = finished.verdict.outcome != judge::Outcome::passed &&
               std::any_of(evidence.begin(), evidence.end(), [&](const auto &one) { return one.step == index; });
    if (seen.bad && (held || !step.guest)) seen.result = "not as expected";
    steps.push_back(std::move(seen));
  }
  return steps;
}

Span span_of(const outcome::CaseFinished &finished, const std::vector<StepSeen> &steps) {
  std::optional<wire::Microseconds> begin, end;
  const auto take = [&](wire::Microseconds time) {
    begin = std::min(begin.value_or(time), time);
    end = std::max(end.value_or(time), time);
  };
  for (const StepSeen &step : steps) {
    if (step.begin) take(*step.begin);
    if (step.end) take(*step.end);
  }
  if (!finished.seen) return {};
  const bool from_steps = begin.has_value();
  for (const wire::KernelLogLine &line : finished.seen->log()) {
    if (shared::is_autopsy_marker(line)) break;
    if (!from_steps || line.time >= *begin) take(line.time);
  }
  if (const auto &sched = finished.seen->sched; sched && sched->end > sched->begin) {
    take(std::chrono::floor<wire::Microseconds>(sched->begin));
    take(std::chrono::ceil<wire::Microseconds>(sched->end));
  }
  return {begin.value_or(wire::Microseconds(0)), end.value_or(wire::Microseconds(0))};
}

std::string in_seconds(wire::Microseconds time) {
  return fmt::format("{}.{:06}", time.count() / 1'000'000, time.count() % 1'000'000);
}

std::string duration_text(double seconds) {
  constexpr double kMilli = 1e-3, kMicro = 1e-6;
  if (seconds <= 0) return "0 s";
  if (seconds < kMicro) return fmt::format("{:.0f} ns", seconds / 1e-9);
  if (seconds < kMilli) return fmt::format("{:.3g} µs", seconds / kMicro);
  if (seconds < 0.9995) return fmt::format("{:.3g} ms", seconds / kMilli);
  if (seconds < 60) return fmt::format("{:.3g} s", seconds);
  const auto whole = static_cast<long>(seconds);
  return fmt::format("{} min {} s", whole / 60, whole % 60);
}

Markup render_steps(const std::vector<StepSeen> &steps, const Span &span) {
  constexpr double kWide = 1000, kNarrowest = 4;
  Markup html;
  html.open("div", {{"class", "scroll"}, {"role", "region"}, {"aria-label", "steps"}, {"tabindex", "0"}});
  html.open("table", {{"class", "steps"}});
  html.open("thead").open("tr");
  for (const char *head : {"#", "Step", "On the case's time axis", "At (s)", "Took", "Result"}) {
    html.element("th", {{"scope", "col"}}, head);
  }
  html.close().close().open("tbody");
  for (const StepSeen &step : steps) {
    html.open("tr", {{"class", step.bad ? "bad" : step.begin || !step.in_guest ? "" : "never"}});
    html.element("td", {}, std::to_string(step.number));
    html.open("td").element("code", {}, step.source).close();
    html.open("td", {{"class", "axis"}});
    if (step.begin) {
      const double from = span.place(*step.begin) * kWide, to = span.place(step.end.value_or(span.end)) * kWide;
      const double width = std::max(to - from, kNarrowest);
      html.open("svg", {{"viewBox", "0 0 1000 8"}, {"preserveAspectRatio", "none"}, {"aria-hidden", "true"}});
      html.shape("rect", {{"x", fmt::format("{:.0f}", std::min(from, kWide - width))},
                          {"width", fmt::format("{:.0f}", width)},
                          {"height", "8"}});
      html.close();
    }
    html.close();
    html.element("td", {}, step.begin ? in_seconds(*step.begin) : "");
    html.element("td", {},
                 step.begin && step.end ? duration_text(outcome::Seconds(*step.end - *step.begin).count()) : "");
    html.element("td", {}, step.result);
    html.close();
  }
  return html.close().close().close();
}

}  // namespace kmodtest::report::html
