// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html/schedule.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <vector>

#include "text/words.hpp"

namespace kmodtest::report::html {

namespace {

constexpr std::size_t kColours = 8;  // --t0 to --t7 of colours.css

using outcome::LineRun;

/// A thread on its CPU: "CPU 1 worker()". Its place in the list is its lane, the same one in both timelines.
std::string lane_name(const LineRun &line) {
  return fmt::format("CPU {} {}", line.cpu, line.thread);
}

std::vector<std::string> lanes_of(const outcome::ScheduleStory &story) {
  std::vector<std::string> lanes;
  for (const outcome::RunPart *part : {&story.failing, &story.passing}) {
    for (const LineRun &line : part->lines) {
      if (const std::string name = lane_name(line); std::find(lanes.begin(), lanes.end(), name) == lanes.end())
        lanes.push_back(name);
    }
  }
  return lanes;
}

void add_head(Markup &html, const std::vector<std::string> &lanes) {
  html.open("thead").open("tr");
  for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
    const std::string colour = fmt::format("lane t{}", lane % kColours);
    html.open("th", {{"scope", "col"}, {"class", colour}}).element("span", {}, lanes[lane]).close();
  }
  html.element("th", {{"scope", "col"}}, "line").element("th", {{"scope", "col"}}, "source").close().close();
}

void add_row(Markup &html, const LineRun &line, const std::vector<std::string> &lanes, bool parts) {
  html.open("tr", {{"class", parts ? "parts" : ""}});
  for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
    const bool runs = lanes[lane] == lane_name(line);
    const std::string colour = fmt::format("lane t{}{}", lane % kColours, runs ? " runs" : "");
    // The mark is for readers who do not see the colours.
    const char *mark = !runs ? "" : !line.wait.empty() ? "◷" : line.is_shared ? "*" : "·";
    html.element("td", {{"class", colour}, {"title", runs ? lanes[lane] : ""}}, mark);
  }
  html.element("td", {{"class", "place"}}, line.place);
  html.open("td").element("code", {{"class", line.is_shared ? "shared" : ""}}, line.text);
  if (!line.wait.empty()) html.element("span", {{"class", "wait"}}, "waits " + line.wait);
  html.close().close();
}

/// Adds one run. `parting`: the row from which on both differ.
void add_run(Markup &html, const std::string &title, const outcome::RunPart &part,
             const std::vector<std::string> &lanes, std::size_t parting) {
  html.open("section").element("h4", {}, title);
  html.open("div", {{"class", "scroll"}, {"tabindex", "0"}, {"role", "region"}, {"aria-label", title}});
  html.open("table");
  add_head(html, lanes);
  html.open("tbody");
  for (std::size_t row = 0; row < part.lines.size(); ++row) add_row(html, part.lines[row], lanes, row == parting);
  html.close().close().close();
  if (part.more > 0) html.element("p", {{"class", "note"}}, "… and " + text::counted(part.more, "more line"));
  html.close();
}

}  // namespace

Markup render_schedule(const outcome::ScheduleStory &story) {
  Markup html;
  std::string words;
  for (const std::string &line : story.text) words += line + '\n';
  html.element("pre", {{"class", "story"}}, words);
  if (story.failing.lines.empty() || story.passing.lines.empty()) return html;
  const std::vector<std::string> lanes = lanes_of(story);
  html.element(
      "p", {{"class", "note"}},
      fmt::format("Time goes down. Each thread has a lane; * is memory that several threads use, ◷ a delay. Both "
                  "runs begin with the same {}{}.",
                  text::counted(story.common, "line"),
                  story.skipped == 0 ? "" : fmt::format(", of which the first {} are left out", story.skipped)));
  html.open("div", {{"class", "schedules"}});
  const std::size_t parting = story.common - story.skipped;
  add_run(html, "The run that fails", story.failing, lanes, parting);
  add_run(html, "The run that passes, without the delay " + story.left_out, story.passing, lanes, parting);
  return html.close();
}

}  // namespace kmodtest::report::html
