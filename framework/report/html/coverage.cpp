// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/html/coverage.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "storage/files.hpp"
#include "text/lines.hpp"

namespace kmodtest::report::html {
namespace {

/// Lines of source on the page: about 3 MB of it.
constexpr std::size_t kMostLines = 20'000;

std::string words(const observe::Share &share) {
  return share.all == 0 ? "none" : fmt::format("{} % ({} of {})", share.percent(), share.done, share.all);
}

std::vector<std::string> source_of(const std::string &path) {
  try {
    return text::lines_of(storage::read_whole_file(path));
  } catch (const base::Error &) {
    return {};  // results of another machine
  }
}

/// Returns the class of a line that has instructions.
const char *class_of(const observe::LineCount &line) {
  if (line.times == 0) return "never";
  const observe::Share branches = observe::branches_of(line);
  return branches.done < branches.all ? "partly" : "ran";
}

void add_source(Markup &html, const observe::FileCoverage &file, const std::vector<std::string> &source) {
  html.open("pre");
  for (std::size_t i = 0; i < source.size(); ++i) {
    const auto line = file.lines.find(static_cast<std::uint32_t>(i + 1));
    const std::string number = fmt::format("{:>5} ", i + 1);
    if (line == file.lines.end()) {
      html.text(fmt::format("{}{:>9}  {}\n", number, "", source[i]));
      continue;
    }
    const observe::Share branches = observe::branches_of(line->second);
    const std::string title = branches.all == 0 ? "" : fmt::format("{} of {} branches", branches.done, branches.all);
    html.element("span", {{"class", class_of(line->second)}, {"title", title}},
                 fmt::format("{}{:>9}  {}\n", number, line->second.times, source[i]));
  }
  html.close();
}

void add_file(Markup &html, const std::string &path, const observe::FileCoverage &file, std::size_t &room) {
  const observe::CoverageTotals totals = observe::totals_of(file);
  const std::vector<std::string> source = source_of(path);
  const bool shown = !source.empty() && source.size() <= room;
  const std::string head = fmt::format("{}: lines {}, branches {}, functions {}", path, words(totals.lines),
                                       words(totals.branches), words(totals.functions));
  if (!shown) {
    html.element("p", {}, head);
    return;
  }
  room -= source.size();
  html.open("details").element("summary", {}, head);
  add_source(html, file, source);
  html.close();
}

}  // namespace

Markup render_coverage(const observe::Coverage &coverage) {
  Markup html;
  if (coverage.files.empty() && coverage.missing.empty()) return html;
  html.element("p", {}, observe::coverage_summary(coverage) + ".");
  std::size_t room = kMostLines;
  for (const auto &[path, file] : coverage.files) add_file(html, path, file, room);
  for (const auto &[what, why] : coverage.missing) html.element("p", {}, fmt::format("{} {}", what, why));
  return html;
}

}  // namespace kmodtest::report::html
