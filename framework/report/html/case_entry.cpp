// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html/case_entry.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "judge/observations.hpp"
#include "observe/sched/sched.hpp"
#include "outcome/timings.hpp"
#include "report/failure/failure.hpp"
#include "report/html/case_data.hpp"
#include "report/html/findings.hpp"
#include "report/html/log_view.hpp"
#include "report/html/packed.hpp"
#include "report/html/schedule.hpp"
#include "report/html/steps.hpp"
#include "report/html/threads.hpp"
#include "report/html/trends.hpp"

namespace kmodtest::report::html {

namespace {

void add_code_fact(Markup &html, const char *term, const std::string &text) {
  if (text.empty()) return;
  html.element("dt", {}, term).open("dd").element("code", {}, text).close();
}

Markup render_facts(const outcome::CaseFinished &finished) {
  const plan::Case &test_case = *finished.test_case;
  Markup html;
  html.open("dl", {{"class", "facts"}});
  html.element("dt", {}, "Again").open("dd");
  // Tracing takes guest time: a run without it has another digest.
  const std::string traced = finished.seen && finished.seen->sched ? " --trace" : "";
  html.element("code", {{"class", "command"}}, command_to_repeat(test_case) + traced).close();
  add_code_fact(html, "Plan",
                test_case.plan_name + (test_case.plan_file.empty() ? "" : " · " + test_case.plan_file.string()));
  add_code_fact(html, "Kernel", finished.kernel_release);
  add_code_fact(html, "Digest", finished.digest);
  add_code_fact(html, "Wall time", outcome::render_timings(finished.timings));
  add_code_fact(html, "Files", finished.artifacts.string());
  if (!finished.vmcore.empty()) add_code_fact(html, "Memory", (finished.artifacts / "vmcore").string());
  add_code_fact(html, "Memory", finished.vmcore_problem.empty() ? "" : "none: " + finished.vmcore_problem);
  return html.close();
}

Markup render_body(const outcome::CaseFinished &finished, const std::vector<StepSeen> &steps, const Span &span,
                   const Room &room, const FailureGroups::Member *first) {
  Markup html;
  if (!finished.verdict.skip_reason.empty()) {
    html.element("p", {}, "Skipped: " + finished.verdict.skip_reason);
  }
  for (const std::string &note : finished.verdict.notes) html.element("p", {{"class", "note"}}, note);
  if (first != nullptr) {
    html.open("p").text("The same failure as in ");
    html.element("a", {{"href", "#" + anchor_of(first->number)}}, first->label).text(".").close();
  } else {
    html.add(render_findings(finished, room.text));
  }
  if (finished.story) html.element("h3", {}, "Schedule").add(render_schedule(*finished.story));
  if (!steps.empty() && span.end > span.begin) html.element("h3", {}, "Steps").add(render_steps(steps, span));
  if (span.end > span.begin) html.open("div", {{"class", "timeline"}}).close();
  if (finished.seen && finished.seen->sched) {
    html.element("h3", {}, "Threads").add(render_threads(*finished.seen->sched));
  }
  if (finished.seen) {
    const std::vector<wire::KernelLogLine> log = finished.seen->log();
    if (!log.empty()) {
      html.element("h3", {}, "Kernel log").add(render_log(log, room.text));
    } else if (!finished.seen->console.empty()) {
      html.element("h3", {}, "Serial console");
      html.open("pre", {{"class", "log"}, {"tabindex", "0"}, {"role", "region"}, {"aria-label", "serial console"}});
      html.text(shortened(finished.seen->console, room.text)).close();
    }
  }
  if (!finished.build_log.empty() && finished.verdict.outcome == judge::Outcome::errored) {
    html.element("h3", {}, "Build").element("pre", {{"class", "log"}}, shortened(finished.build_log, room.text));
  }
  return html.element("h3", {}, "About this case").add(render_facts(finished));
}

std::string plan_of(const plan::Case &test_case) {
  return test_case.plan_file.empty() ? test_case.plan_name : test_case.plan_file.stem().string();
}

}  // namespace

const char *mark_of(outcome::Result result) {
  switch (result) {
    case outcome::Result::passed:
      return "✓";
    case outcome::Result::flaky:
      return "≈";
    case outcome::Result::failed:
      return "✗";
    case outcome::Result::crashed:
      return "✷";
    case outcome::Result::hung:
      return "◷";
    case outcome::Result::leaked:
      return "◌";
    case outcome::Result::errored:
      return "!";
    case outcome::Result::skipped:
      return "–";
  }
  return "?";
}

std::string anchor_of(std::size_t number) {
  return fmt::format("case-{}", number + 1);
}

CaseEntry make_entry(const outcome::CaseFinished &finished, const Room &room, const FailureGroups::Member *first) {
  const plan::Case &test_case = *finished.test_case;
  CaseEntry entry;
  entry.number = finished.number;
  entry.anchor = anchor_of(finished.number);
  entry.label = outcome::label(test_case, finished.repeat);
  entry.plan = plan_of(test_case);
  entry.point = test_case.point;
  entry.tags = test_case.tags;
  entry.cpus = outcome::cpus_of(finished);
  entry.result = outcome::result_of(finished);
  entry.reason = entry.result == outcome::Result::passed ? as_expected(finished) : reason(finished);
  entry.took = finished.took;
  entry.guest = finished.timings.guest;
  entry.trends = outcome::trends_of(finished);
  entry.comparable = outcome::comparable_time(finished);
  entry.usual = outcome::Seconds(outcome::median(finished.past.seconds));
  entry.listed = room.listed;
  RanOn ran = ran_on(finished);
  entry.ran_on = std::move(ran.share);
  entry.ran_on_exact = ran.exact;
  if (!room.listed) {
    keep_for_tables(entry);
    return entry;
  }
  entry.past = render_past(finished);
  const std::vector<StepSeen> steps = steps_of(finished);
  const Span span = span_of(finished, steps);
  entry.body = render_body(finished, steps, span, room, first);
  const std::string data = case_data(finished, steps, span);
  if (!data.empty()) entry.data = packed(data);
  if (entry.data.size() > room.data) {
    entry.data_left_out = entry.data.size();
    entry.data.clear();
  }
  return entry;
}

void keep_for_tables(CaseEntry &entry) {
  entry.listed = false;
  entry.reason.clear();
  entry.reason.shrink_to_fit();
  if (entry.ran_on.empty()) entry.point.clear();
}

void put_aside(CaseEntry &entry, storage::Spool &spool) {
  entry.kept_past = spool.add(entry.past.take());
  entry.kept_body = spool.add(entry.body.take());
  entry.kept_data = spool.add(std::exchange(entry.data, {}));
}

void bring_back(CaseEntry &entry, storage::Spool &spool) {
  entry.past.add_taken(spool.read(entry.kept_past));
  entry.body.add_taken(spool.read(entry.kept_body));
  entry.data = spool.read(entry.kept_data);
}

Markup render_entry(const CaseEntry &entry) {
  std::string point;
  for (const auto &[name, value] : entry.point) point += (point.empty() ? "" : "\n") + name + "=" + value;
  std::string trends;
  for (const outcome::Trend trend : entry.trends)
    trends += (trends.empty() ? "" : "\n") + std::string(outcome::trend_name(trend));
  Markup html;
  html.open("details", {{"class", "case " + outcome::result_name(entry.result)},
                        {"id", entry.anchor},
                        {"data-result", outcome::result_name(entry.result)},
                        {"data-plan", entry.plan},
                        {"data-tags", fmt::format("{}", fmt::join(entry.tags, "\n"))},
                        {"data-trend", trends},
                        {"data-took", fmt::format("{:.3f}", entry.took.count())},
                        {"data-guest", fmt::format("{:.6f}", entry.guest.count())},
                        {"data-point", point}});
  html.open("summary");
  html.element("span", {{"class", "mark"}, {"aria-hidden", "true"}}, mark_of(entry.result));
  html.element("span", {{"class", "word"}}, outcome::result_word(entry.result));
  html.element("span", {{"class", "id"}}, entry.label);
  html.element("span", {{"class", "why"}}, entry.reason + (entry.points.empty() ? "" : " (" + entry.points + ")"));
  html.add(entry.past);
  html.element("span", {{"class", "took"}}, duration_text(entry.took.count()));
  html.close();
  // A browser with scripts treats this as one text. The page's script makes elements from it on demand, because making
  // the elements of 1,000 cases takes too long.
  html.open("noscript").open("div", {{"class", "body"}});
  if (entry.data_left_out > 0) {
    html.element("p", {{"class", "warn"}},
                 fmt::format("The timeline of this case is left out: its data takes {:.1f} MB, more than fits on this "
                             "page. Run the case alone to see it.",
                             static_cast<double>(entry.data_left_out) / 1e6));
  }
  return html.add(entry.body).close().close().close();
}

Markup render_data(const CaseEntry &entry) {
  Markup html;
  if (entry.data.empty()) return html;
  return html.raw("script", {{"type", "application/octet-stream"}, {"data-of", entry.anchor}}, entry.data);
}

}  // namespace kmodtest::report::html
