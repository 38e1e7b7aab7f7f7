// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html/matrix.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "outcome/timings.hpp"
#include "report/html/steps.hpp"
#include "text/number.hpp"
#include "text/words.hpp"

namespace kmodtest::report::html {

namespace {

constexpr const char *kBound = "cpu";  ///< the variable of plans that bind a thread

struct Before {
  bool operator()(const std::string &left, const std::string &right) const { return comes_before(left, right); }
};

using Cell = std::vector<const CaseEntry *>;

void add_cell(Markup &html, const Cell &cell, const std::string &plan, const std::string &column) {
  if (cell.empty()) {
    html.open("td", {{"class", "none"}}).element("span", {{"class", "hidden"}}, "no case").close();
    return;
  }
  std::vector<outcome::Result> results;
  std::vector<double> took;
  for (const CaseEntry *entry : cell) {
    results.push_back(entry->result);
    took.push_back(entry->took.count());
  }
  const outcome::Result worst = outcome::gravest(results);
  const auto number = std::count(results.begin(), results.end(), worst);
  const std::string count = cell.size() == 1 ? "" : fmt::format(" {}/{}", number, cell.size());
  const auto *target = *std::find_if(cell.begin(), cell.end(), [&](const auto *one) { return one->result == worst; });
  html.open("td", {{"class", outcome::result_name(worst)}});
  html.open("a", {{"href", "#" + target->anchor},
                  {"title", fmt::format("{} × {}:{} {}, median {}", plan, column, count, outcome::result_name(worst),
                                        duration_text(outcome::median(took)))}});
  html.element("span", {{"aria-hidden", "true"}}, mark_of(worst));
  html.element("span", {{"class", "word"}}, outcome::result_name(worst) + count);
  html.close().close();
}

/// A group of cases whose bindings form one table.
struct Group {
  std::string plan, rest;
  auto operator<=>(const Group &) const = default;
};

std::string rest_of(const CaseEntry &entry) {
  std::string rest;
  for (const auto &[name, value] : entry.point) {
    if (name == kBound || name == "kernel") continue;
    rest += (rest.empty() ? "" : ", ") + name + " " + value;
  }
  return rest;
}

void add_share(Markup &html, std::optional<double> share, bool bound) {
  constexpr int kSteps = 5;
  const double part = share.value_or(0);
  // Even the shortest stay on another CPU has to be visible.
  const int shade = part <= 0 ? 0 : std::max(1, static_cast<int>(std::ceil(part * kSteps)));
  std::string kind = fmt::format("s{}", shade);
  if (part > 0 && !bound) kind += " elsewhere";
  if (bound) kind += " own";
  const std::string text = part <= 0 ? "" : part > 0.9995 ? "100 %" : fmt::format("{:.3g} %", 100 * part);
  html.element("td", {{"class", kind}}, text);
}

void add_binding(Markup &html, const Group &group, const std::vector<const CaseEntry *> &entries) {
  int cpus = 0;
  bool exact = true;
  for (const CaseEntry *entry : entries) {
    cpus = std::max(cpus, entry->cpus);
    exact = exact && entry->ran_on_exact;
    if (!entry->ran_on.empty()) cpus = std::max(cpus, entry->ran_on.rbegin()->first + 1);
  }
  html.open("figure", {{"class", "binding"}, {"aria-label", group.plan + " " + group.rest}});
  html.open("figcaption").element("strong", {}, group.plan).text(" " + group.rest);
  html.element("span", {{"class", "by"}}, exact ? "share of run time" : "share of samples of ps").close();
  html.open("div", {{"class", "scroll"},
                    {"role", "region"},
                    {"tabindex", "0"},
                    {"aria-label", fmt::format("{} {}: bound to and ran on", group.plan, group.rest)}});
  html.open("table").open("thead").open("tr");
  html.element("th", {{"scope", "col"}}, "bound to");
  for (int cpu = 0; cpu < cpus; ++cpu) html.element("th", {{"scope", "col"}}, fmt::format("ran on {}", cpu));
  html.close().close().open("tbody");
  for (const CaseEntry *entry : entries) {
    const std::string bound = entry->point.at(kBound);
    html.open("tr").open("th", {{"scope", "row"}});
    html.element("a", {{"href", "#" + entry->anchor}, {"class", outcome::result_name(entry->result)}},
                 fmt::format("{} {}", mark_of(entry->result), bound));
    html.close();
    for (int cpu = 0; cpu < cpus; ++cpu) {
      const auto share = entry->ran_on.find(cpu);
      add_share(html, share == entry->ran_on.end() ? std::nullopt : std::optional(share->second),
                bound == std::to_string(cpu));
    }
    html.close();
  }
  html.close().close().close().close();
}

}  // namespace

bool comes_before(const std::string &left, const std::string &right) {
  const auto a = text::whole_number<long>(left), b = text::whole_number<long>(right);
  if (a && b) return *a < *b;
  if (a || b) return a.has_value();
  return left < right;
}

Markup render_heat_map(const CaseEntries &entries) {
  std::map<std::string, std::map<std::string, Cell, Before>> rows;
  std::set<std::string, Before> columns;
  for (const CaseEntry &entry : entries) {
    const std::string cpus = std::to_string(entry.cpus);
    rows[entry.plan][cpus].push_back(&entry);
    columns.insert(cpus);
  }
  Markup html;
  if (rows.empty()) return html;
  html.open("div",
            {{"class", "scroll"}, {"role", "region"}, {"tabindex", "0"}, {"aria-label", "table of plans by CPUs"}});
  html.open("table", {{"class", "heat"}, {"id", "heat"}}).open("thead").open("tr");
  html.element("th", {{"scope", "col"}}, "Plan");
  for (const std::string &column : columns) {
    html.element("th", {{"scope", "col"}},
                 text::counted(static_cast<std::size_t>(text::whole_number<long>(column).value_or(0)), "CPU"));
  }
  html.close().close().open("tbody");
  for (const auto &[plan, cells] : rows) {
    html.open("tr").element("th", {{"scope", "row"}}, plan);
    for (const std::string &column : columns) {
      const auto found = cells.find(column);
      add_cell(html, found == cells.end() ? Cell() : found->second, plan, column + " CPUs");
    }
    html.close();
  }
  return html.close().close().close();
}

Markup render_bindings(const CaseEntries &entries) {
  std::map<Group, std::vector<const CaseEntry *>> groups;
  for (const CaseEntry &entry : entries) {
    const auto bound = entry.point.find(kBound);
    if (bound == entry.point.end() || entry.ran_on.empty() || !text::whole_number<long>(bound->second)) continue;
    groups[{entry.plan, rest_of(entry)}].push_back(&entry);
  }
  Markup html;
  for (auto &[group, of_group] : groups) {
    std::stable_sort(of_group.begin(), of_group.end(), [](const CaseEntry *left, const CaseEntry *right) {
      return comes_before(left->point.at(kBound), right->point.at(kBound));
    });
    add_binding(html, group, of_group);
  }
  return html;
}

}  // namespace kmodtest::report::html
