// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html/threads.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <string_view>
#include <variant>
#include <vector>

#include "judge/observations.hpp"
#include "observe/sched/sched_figures.hpp"
#include "outcome/event.hpp"
#include "report/html/steps.hpp"
#include "shared/condition.hpp"
#include "text/words.hpp"

namespace kmodtest::report::html {

namespace {

constexpr std::size_t kShown = 100;  ///< threads in the table

/// Returns the part of a thread's time that it spent on its module: the kernel starts a thread anywhere, before it can
/// be bound.
observe::SchedThread own_part(const observe::SchedThread &thread, const observe::SchedTimeline &sched) {
  return observe::clip(thread, {sched.begin, sched.end});
}

std::map<int, double> by_cpu(const observe::SchedThread &thread) {
  std::map<int, double> times;
  for (const auto &[cpu, time] : observe::time_by_cpu(thread)) times[cpu] = outcome::seconds(time);
  return times;
}

double sum(const std::map<int, double> &times) {
  double all = 0;
  for (const auto &[cpu, time] : times) all += time;
  return all;
}

std::string on_cpus(const std::map<int, double> &times) {
  const double all = sum(times);
  std::string text;
  for (const auto &[cpu, time] : times) {
    if (!text.empty()) text += ", ";
    text += times.size() == 1 ? std::to_string(cpu) : fmt::format("{} ({:.1f} %)", cpu, all > 0 ? 100 * time / all : 0);
  }
  return text;
}

void add_row(Markup &html, const observe::SchedThread &thread) {
  constexpr int kMedian = 50, kLate = 99;  // per cent
  const std::map<int, double> times = by_cpu(thread);
  const std::vector<observe::Nanoseconds> late = observe::wake_latencies(thread);
  std::vector<observe::Nanoseconds> gaps;
  for (std::size_t i = 1; i < thread.wakes.size(); ++i) gaps.push_back(thread.wakes[i].time - thread.wakes[i - 1].time);
  std::sort(gaps.begin(), gaps.end());
  const auto of = [](const std::vector<observe::Nanoseconds> &sorted, int percent) {
    const auto value = observe::percentile(sorted, percent);
    return value ? duration_text(outcome::seconds(*value)) : std::string("–");
  };
  html.open("tr");
  html.open("th", {{"scope", "row"}}).text(thread.name).close();
  html.element("td", {}, std::to_string(thread.pid));
  html.element("td", {}, on_cpus(times));
  html.element("td", {}, duration_text(sum(times)));
  html.element("td", {}, std::to_string(thread.runs.size()));
  html.element("td", {}, std::to_string(thread.migrations.size()));
  html.element("td", {}, std::to_string(thread.wakes.size()));
  html.element("td", {}, of(gaps, kMedian));
  html.element("td", {}, of(late, kMedian));
  html.element("td", {}, of(late, kLate));
  html.close();
}

/// Returns whether a ps step asks for this thread.
bool is_asked_for(const plan::Case &test_case, const wire::ThreadRecord &thread) {
  return std::any_of(test_case.steps.begin(), test_case.steps.end(), [&](const plan::Step &step) {
    const auto *condition = step.guest ? std::get_if<wire::ThreadCondition>(&step.guest->body) : nullptr;
    return condition != nullptr && shared::is_meant(*condition, thread);
  });
}

}  // namespace

bool is_of_the_kernel(const std::string &thread) {
  constexpr std::array<std::string_view, 6> kStarts = {"kworker/", "ksoftirqd/", "migration/",
                                                       "cpuhp/",   "rcu",        "idle_inject/"};
  return std::any_of(kStarts.begin(), kStarts.end(), [&](std::string_view start) { return thread.starts_with(start); });
}

Markup render_threads(const observe::SchedTimeline &sched) {
  Markup html;
  if (sched.lost > 0) {
    html.element("p", {{"class", "warn"}},
                 fmt::format("The kernel dropped {} of the trace: the figures have gaps.",
                             text::counted(static_cast<std::size_t>(sched.lost), "event")));
  }
  html.open("div", {{"class", "scroll"}, {"role", "region"}, {"aria-label", "threads"}, {"tabindex", "0"}});
  html.open("table", {{"class", "threads"}});
  html.open("thead").open("tr");
  for (const char *head : {"Thread", "PID", "On CPU", "Ran", "Stays", "Migrations", "Wake-ups", "Every (median)",
                           "Wake to run (median)", "Wake to run (p99)"}) {
    html.element("th", {{"scope", "col"}}, head);
  }
  html.close().close().open("tbody");
  for (std::size_t i = 0; i < std::min(kShown, sched.threads.size()); ++i) {
    add_row(html, own_part(sched.threads[i], sched));
  }
  html.close().close().close();
  if (sched.threads.size() > kShown) {
    html.element("p", {}, fmt::format("… and {}", text::counted(sched.threads.size() - kShown, "further thread")));
  }
  return html;
}

RanOn ran_on(const outcome::CaseFinished &finished) {
  RanOn found;
  if (!finished.seen) return found;
  if (finished.seen->sched) {
    for (const observe::SchedThread &thread : finished.seen->sched->threads) {
      if (is_of_the_kernel(thread.name)) continue;
      for (const auto &[cpu, time] : by_cpu(own_part(thread, *finished.seen->sched))) found.share[cpu] += time;
    }
    found.exact = true;
  } else {
    // For a ps step that found nothing, the agent sends all threads; those do not count.
    for (const wire::AgentMessage &message : finished.seen->messages) {
      const auto *sample = std::get_if<wire::Threads>(&message);
      if (sample == nullptr) continue;
      for (const wire::ThreadRecord &thread : sample->threads) {
        if (is_asked_for(*finished.test_case, thread)) found.share[thread.cpu] += 1;
      }
    }
  }
  const double all = sum(found.share);
  if (all <= 0) found.share.clear();
  for (auto &[cpu, share] : found.share) share /= all;
  return found;
}

}  // namespace kmodtest::report::html
