// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html/findings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "judge/observations.hpp"
#include "outcome/result.hpp"
#include "report/failure/failure.hpp"
#include "report/html/log_view.hpp"

namespace kmodtest::report::html {

namespace {

void add(Markup &html, const char *term, const std::string &text, std::size_t room) {
  if (text.empty()) return;
  html.element("dt", {}, term);
  html.open("dd").element("pre", {}, shortened(text, room)).close();
}

void add_evidence(Markup &html, const judge::Evidence &evidence, std::size_t room) {
  html.open("article", {{"class", "finding"}});
  html.element("p", {{"class", "summary"}}, evidence.summary);
  html.open("dl");
  if (evidence.where.line != 0) {
    std::string place = evidence.where.str();
    if (!evidence.source.empty()) {
      place += "\n" + evidence.source;
      if (evidence.where.column > 0) {
        place += "\n" + std::string(static_cast<std::size_t>(evidence.where.column) - 1, ' ') + "^";
      }
    }
    add(html, "Plan", place, room);
  }
  add(html, "Expected", evidence.expected, room);
  add(html, "Seen", evidence.seen, room);
  add(html, "Trace", fmt::format("{}", fmt::join(evidence.trace, "\n")), room);
  add(html, "Details", fmt::format("{}", fmt::join(evidence.details, "\n")), room);
  add(html, "Hint", plan_hint(evidence), room);
  if (evidence.code != base::Code::none) add(html, "More", "kmodtest explain " + base::name_of(evidence.code), room);
  html.close().close();
}

void add_all(Markup &html, const outcome::CaseFinished &finished, std::size_t room) {
  for (const judge::Evidence &evidence : finished.verdict.evidence) add_evidence(html, evidence, room);
}

}  // namespace

Markup render_findings(const outcome::CaseFinished &finished, std::size_t room) {
  Markup html;
  const bool told = !finished.verdict.evidence.empty() || !finished.earlier.empty();
  if (!told) return html;
  const bool passed = outcome::result_of(finished) == outcome::Result::passed;
  html.open("section", {{"class", passed ? "findings expected" : "findings"}});
  html.element("h3", {}, passed ? "As expected" : finished.flaky() ? "What went wrong at first" : "What went wrong");
  if (passed) html.element("p", {}, as_expected(finished));
  add_all(html, finished, room);
  for (const outcome::CaseFinished &attempt : finished.earlier) {
    html.element("h4", {},
                 fmt::format("Attempt {}: {}: {}", attempt.attempt, outcome::result_word(outcome::result_of(attempt)),
                             reason(attempt)));
    add_all(html, attempt, room);
  }
  return html.close();
}

}  // namespace kmodtest::report::html
