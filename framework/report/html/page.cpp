// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html/page.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

#include "report/html/assets.hpp"
#include "report/html/coverage.hpp"
#include "report/html/matrix.hpp"
#include "report/html/packed.hpp"
#include "report/html/steps.hpp"
#include "report/html/trends.hpp"
#include "text/words.hpp"

namespace kmodtest::report::html {

namespace {

using Counts = std::vector<std::pair<outcome::Result, std::size_t>>;

Counts counts_of(const CaseEntries &entries) {
  Counts counts;
  for (const outcome::Result result : outcome::kResults) {
    const auto number =
        std::count_if(entries.begin(), entries.end(), [&](const auto &one) { return one.result == result; });
    if (number > 0) counts.emplace_back(result, static_cast<std::size_t>(number));
  }
  return counts;
}

/// Returns the result of the run in one sentence.
std::string sentence(const RunFacts &run, const CaseEntries &entries) {
  const auto bad = static_cast<std::size_t>(
      std::count_if(entries.begin(), entries.end(), [](const auto &one) { return !outcome::went_well(one.result); }));
  const std::string end = run.finished.interrupted ? " – interrupted" : "";
  if (entries.empty()) return "No case ran" + end;
  if (bad > 0) return fmt::format("{} of {} did not pass{}", bad, text::counted(entries.size(), "case"), end);
  const auto passed = static_cast<std::size_t>(std::count_if(
      entries.begin(), entries.end(), [](const auto &one) { return one.result == outcome::Result::passed; }));
  if (passed < entries.size())
    return fmt::format("{} of {} passed, none failed{}", passed, text::counted(entries.size(), "case"), end);
  if (entries.size() == 1) return "The case passed" + end;
  return fmt::format("All {} passed{}", text::counted(entries.size(), "case"), end);
}

/// Adds one bar whose parts are the results, each as wide as its share of the cases.
void add_bar(Markup &html, const Counts &counts, std::size_t all) {
  constexpr double kWide = 1000;
  html.open("svg",
            {{"class", "bar"}, {"viewBox", "0 0 1000 10"}, {"preserveAspectRatio", "none"}, {"aria-hidden", "true"}});
  double x = 0;
  for (const auto &[result, number] : counts) {
    const double width = kWide * static_cast<double>(number) / static_cast<double>(std::max<std::size_t>(all, 1));
    html.shape("rect", {{"class", outcome::result_name(result)},
                        {"x", fmt::format("{:.2f}", x)},
                        {"width", fmt::format("{:.2f}", width)},
                        {"height", "10"}});
    x += width;
  }
  html.close();
}

void add_fact(Markup &html, const char *term, const std::string &text) {
  if (text.empty()) return;
  html.open("div").element("dt", {}, term).element("dd", {}, text).close();
}

void add_header(Markup &html, const RunFacts &run, const CaseEntries &entries, const Counts &counts) {
  const bool good =
      std::all_of(entries.begin(), entries.end(), [](const auto &one) { return outcome::went_well(one.result); });
  html.open("header", {{"class", good && !run.finished.interrupted && !entries.empty() ? "top good" : "top bad"}});
  html.element("p", {{"class", "brand"}}, "kmodtest");
  html.element("h1", {}, sentence(run, entries));
  add_bar(html, counts, entries.size());
  html.open("ul", {{"class", "counts"}});
  for (const auto &[result, number] : counts) {
    html.open("li", {{"class", outcome::result_name(result)}});
    html.element("span", {{"class", "mark"}, {"aria-hidden", "true"}}, mark_of(result));
    html.element("strong", {}, std::to_string(number)).text(" " + outcome::result_name(result)).close();
  }
  if (run.finished.not_run > 0) {
    html.open("li").element("strong", {}, std::to_string(run.finished.not_run)).text(" not run").close();
  }
  html.close();
  outcome::Seconds guest{0};
  for (const CaseEntry &entry : entries) guest += entry.guest;
  html.open("dl", {{"class", "run"}});
  add_fact(html, "Took",
           fmt::format("{} with {}", duration_text(run.finished.took.count()),
                       text::counted(static_cast<std::size_t>(std::max(run.started.workers, 0)), "worker")));
  add_fact(html, "Guest time", duration_text(guest.count()));
  add_fact(html, "Ended", run.at);
  add_fact(html, "Host", run.host);
  add_fact(html, "Kernel", fmt::format("{}", fmt::join(run.kernels, ", ")));
  add_fact(html, "Machine", run.started.hypervisor);
  if (run.started.repeats > 1) add_fact(html, "Repeats", std::to_string(run.started.repeats));
  if (run.started.shuffle_seed) add_fact(html, "Shuffled", fmt::format("--shuffle {}", *run.started.shuffle_seed));
  html.close();
  if (!run.notices.empty()) {
    html.open("details", {{"class", "notices"}})
        .element("summary", {}, text::counted(run.notices.size(), "note"))
        .open("ul");
    for (const std::string &notice : run.notices) html.element("li", {}, notice);
    html.close().close();
  }
  html.close();
}

void add_toolbar(Markup &html, const CaseEntries &entries, const Counts &counts) {
  html.open("form",
            {{"class", "filter"}, {"id", "filter"}, {"role", "search"}, {"aria-label", "Cases"}, {"hidden", "hidden"}});
  html.open("label", {{"class", "text"}}).element("span", {}, "Search");
  html.lone(
      "input",
      {{"type", "search"}, {"id", "words"}, {"placeholder", "name, reason, log line …"}, {"autocomplete", "off"}});
  html.close();
  html.open("fieldset").element("legend", {{"class", "hidden"}}, "Results");
  for (const auto &[result, number] : counts) {
    html.open("label", {{"class", "chip " + outcome::result_name(result)}});
    html.lone("input", {{"type", "checkbox"}, {"name", "result"}, {"value", outcome::result_name(result)}});
    html.text(fmt::format("{} {} ", mark_of(result), outcome::result_word(result)))
        .element("b", {}, std::to_string(number))
        .close();
  }
  html.close();
  html.open("fieldset").element("legend", {{"class", "hidden"}}, "Compared with earlier runs");
  for (const outcome::Trend trend : outcome::kTrends) {
    const auto number = std::count_if(entries.begin(), entries.end(), [trend](const CaseEntry &entry) {
      return std::find(entry.trends.begin(), entry.trends.end(), trend) != entry.trends.end();
    });
    if (number == 0) continue;
    html.open("label", {{"class", "chip"}});
    html.lone("input", {{"type", "checkbox"}, {"name", "trend"}, {"value", outcome::trend_name(trend)}});
    html.text(fmt::format("{} ", outcome::trend_name(trend))).element("b", {}, std::to_string(number)).close();
  }
  html.close();
  std::set<std::string> tags;
  for (const CaseEntry &entry : entries) tags.insert(entry.tags.begin(), entry.tags.end());
  if (!tags.empty()) {
    html.open("label").element("span", {}, "Tag").open("select", {{"id", "tag"}});
    html.element("option", {{"value", ""}}, "all");
    for (const std::string &tag : tags) html.element("option", {{"value", tag}}, tag);
    html.close().close();
  }
  html.open("label").element("span", {}, "Order").open("select", {{"id", "order"}});
  html.element("option", {{"value", "plan"}}, "as in the plans");
  html.element("option", {{"value", "result"}}, "failures first");
  html.element("option", {{"value", "took"}}, "slowest first");
  html.close().close();
  html.open("button", {{"type", "button"}, {"id", "open-all"}}).text("Open all").close();
  html.open("output", {{"id", "shown"}, {"aria-live", "polite"}}).close();
  html.close();
}

/// Says how many cases are only in the tables.
void add_note_of_unlisted(Markup &html, const CaseEntries &entries) {
  const auto number = std::count_if(entries.begin(), entries.end(), [](const auto &one) { return !one.listed; });
  if (number == 0) return;
  html.element(
      "p", {{"class", "note"}},
      fmt::format("{} more are not listed here, to keep the page small. The tables above count them; --json has "
                  "them all.",
                  text::counted(static_cast<std::size_t>(number), "case")));
}

void begin_section(Markup &html, const char *id, const char *title) {
  html.open("section", {{"id", id}, {"aria-labelledby", std::string(id) + "-title"}});
  html.element("h2", {{"id", std::string(id) + "-title"}}, title);
}

void add_section(Markup &html, const char *id, const char *title, const Markup &content, const char *note = "") {
  if (content.str().empty()) return;
  begin_section(html, id, title);
  if (*note != '\0') html.element("p", {{"class", "note"}}, note);
  html.add(content).close();
}

void add_head(Markup &html, const std::string &title) {
  const std::string policy = "default-src 'none'; script-src " + policy_hash(script()) + "; style-src " +
                             policy_hash(style()) + "; img-src data:; base-uri 'none'; form-action 'none'";
  html.open("head");
  html.lone("meta", {{"charset", "utf-8"}});
  html.lone("meta", {{"http-equiv", "Content-Security-Policy"}, {"content", policy}});
  html.lone("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  html.lone("meta", {{"name", "color-scheme"}, {"content", "light dark"}});
  html.element("title", {}, title);
  html.raw("style", {}, style());
  html.close();
}

}  // namespace

void write_page(const RunFacts &run, const CaseEntries &entries, storage::Spool &spool,
                const std::function<void(std::string_view)> &write) {
  const Counts counts = counts_of(entries);
  Markup html;
  write("<!doctype html>\n");
  html.open("html", {{"lang", "en"}});
  add_head(html, sentence(run, entries) + " – kmodtest");
  html.open("body");
  html.element("a", {{"class", "skip"}, {"href", "#cases"}}, "To the cases");
  add_header(html, run, entries, counts);
  html.open("main");
  add_section(html, "trends", "Compared with earlier runs", render_trends(entries));
  add_section(html, "matrix", "Plans by CPUs", render_heat_map(entries));
  add_section(html, "bindings", "Bound to × ran on", render_bindings(entries),
              "Rows: the CPU that the plan binds a thread to. Columns: where the module's threads ran. Values outside "
              "of the framed cells ran elsewhere.");
  add_section(html, "coverage", "Coverage", render_coverage(run.coverage),
              "Green: ran. Yellow: ran, but not with all branches. Red: never ran. The number is how often.");
  begin_section(html, "cases", "Cases");
  add_toolbar(html, entries, counts);
  html.open("div", {{"id", "list"}});
  const auto with_each = [&](const auto &add) {
    for (const CaseEntry &entry : entries) {
      if (!entry.listed) continue;
      CaseEntry whole = entry;
      bring_back(whole, spool);
      add(whole);
      write(html.take());
    }
  };
  with_each([&](const CaseEntry &entry) { html.add(render_entry(entry)); });
  html.close();
  add_note_of_unlisted(html, entries);
  html.close();
  html.close();
  html.open("footer");
  html.open("noscript")
      .element("p", {}, "Without scripts there is no filter and no timeline; everything else is here.")
      .close();
  html.element("p", {}, "Made by kmodtest " + run.version + ".");
  html.open("details").element("summary", {}, "Licences").element("pre", {}, licences()).close();
  html.close();
  html.raw("script", {}, script());
  with_each([&](const CaseEntry &entry) { html.add(render_data(entry)); });
  html.close().close();
  write(html.take());
  write("\n");
}

}  // namespace kmodtest::report::html
