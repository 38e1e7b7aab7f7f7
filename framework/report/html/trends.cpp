// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html/trends.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "outcome/timings.hpp"
#include "report/html/steps.hpp"
#include "text/words.hpp"

namespace kmodtest::report::html {

Markup render_past(const outcome::CaseFinished &finished) {
  constexpr std::size_t kShownRuns = 12;
  constexpr double kHigh = 16, kLowest = 3;
  Markup html;
  const outcome::Past &past = finished.past;
  if (past.seconds.empty() || finished.verdict.outcome == judge::Outcome::skipped) return html;
  std::vector<double> seconds = past.seconds;
  std::vector<std::string> outcomes;
  for (const judge::Outcome outcome : past.outcomes) outcomes.emplace_back(judge::outcome_name(outcome));
  seconds.push_back(outcome::comparable_time(finished).count());
  outcomes.push_back(outcome::result_name(outcome::result_of(finished)));
  const std::size_t first = seconds.size() > kShownRuns ? seconds.size() - kShownRuns : 0;
  const double longest = *std::max_element(seconds.begin() + static_cast<std::ptrdiff_t>(first), seconds.end());
  const std::vector<std::string> shown(outcomes.begin() + static_cast<std::ptrdiff_t>(first), outcomes.end());
  html.open("svg",
            {{"class", "past"},
             {"viewBox", fmt::format("0 0 {} 16", kShownRuns * 5)},
             {"role", "img"},
             {"aria-label", fmt::format("last {}: {}; median {}, this one {}", text::counted(shown.size(), "run"),
                                        fmt::join(shown, ", "), duration_text(outcome::median(past.seconds)),
                                        duration_text(seconds.back()))}});
  for (std::size_t i = first; i < seconds.size(); ++i) {
    const double height = longest > 0 ? std::max(kLowest, kHigh * seconds[i] / longest) : kLowest;
    html.shape("rect", {{"class", outcomes[i]},
                        {"x", std::to_string((i - first + kShownRuns - (seconds.size() - first)) * 5)},
                        {"y", fmt::format("{:.1f}", kHigh - height)},
                        {"width", "4"},
                        {"height", fmt::format("{:.1f}", height)}});
  }
  return html.close();
}

Markup render_trends(const CaseEntries &entries) {
  constexpr std::size_t kListed = 50;
  Markup html;
  for (const outcome::Trend trend : outcome::kTrends) {
    std::vector<const CaseEntry *> found;
    for (const CaseEntry &entry : entries) {
      if (std::find(entry.trends.begin(), entry.trends.end(), trend) != entry.trends.end()) found.push_back(&entry);
    }
    if (found.empty()) continue;
    html.open("article", {{"class", "trend"}});
    html.element("h3", {}, fmt::format("{} {}", found.size(), outcome::trend_name(trend))).open("ul");
    for (std::size_t i = 0; i < std::min(kListed, found.size()); ++i) {
      const CaseEntry &entry = *found[i];
      html.open("li", {{"class", outcome::result_name(entry.result)}});
      html.element("span", {{"class", "mark"}, {"aria-hidden", "true"}}, mark_of(entry.result));
      html.element("a", {{"href", "#" + entry.anchor}}, entry.label).text(" ");
      std::string words = outcome::result_name(entry.result);
      if (trend == outcome::Trend::slower) {
        words = fmt::format("{} instead of {}", duration_text(entry.comparable.count()),
                            duration_text(entry.usual.count()));
      }
      html.element("span", {{"class", "why"}}, words).close();
    }
    if (found.size() > kListed) html.element("li", {}, fmt::format("… and {} more", found.size() - kListed));
    html.close().close();
  }
  return html;
}

}  // namespace kmodtest::report::html
