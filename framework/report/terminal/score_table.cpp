// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/terminal/score_table.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "text/escape.hpp"
#include "text/utf8.hpp"

namespace kmodtest::report {

namespace {

using Parts = std::vector<std::string>;

/// One implementation: a row of the table.
struct Row {
  std::map<std::string, std::vector<outcome::Result>> by_plan = {};
  std::uint32_t points = 0, most_points = 0;

  void add(const Score &score) {
    by_plan[score.plan].push_back(score.result);
    points += score.points;
    most_points += score.most_points;
  }
};

Parts parts_of(const std::string &path) {
  Parts parts;
  for (const auto &part : std::filesystem::path(path).lexically_normal())
    if (!part.empty()) parts.push_back(part.string());
  return parts;
}

/// Returns how many parts all paths have in common, from the front or from the back, without the last one of any.
template <class At>
std::size_t common(const std::vector<Parts> &paths, std::size_t most, At at) {
  std::size_t number = 0;
  const auto same = [&](const Parts &parts) { return at(parts, number) == at(paths.front(), number); };
  while (number < most && std::all_of(paths.begin(), paths.end(), same)) ++number;
  return number;
}

std::string joined(const Parts &parts, std::size_t first, std::size_t last) {
  std::filesystem::path path;
  for (std::size_t i = first; i < last; ++i) path /= parts[i];
  return path.string();
}

/// Returns "passed", "3 of 3 passed", "1 of 3 passed, crashed".
std::string passed_of_all(const std::vector<outcome::Result> &results) {
  if (results.empty()) return "-";
  std::string worst = outcome::result_name(outcome::gravest(results));
  if (results.size() == 1) return worst;
  const auto passed = std::count(results.begin(), results.end(), outcome::Result::passed);
  const bool all = static_cast<std::size_t>(passed) == results.size();
  return fmt::format("{} of {} passed{}", passed, results.size(), all ? "" : ", " + worst);
}

using Line = std::vector<std::string>;

std::string rendered(const std::vector<Line> &lines, const std::vector<std::vector<outcome::Result>> &colours,
                     const Palette &palette) {
  std::vector<std::size_t> widths(lines.front().size());
  for (const Line &line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], text::columns(line[i]));
  std::string out;
  for (std::size_t row = 0; row < lines.size(); ++row) {
    std::string line;
    for (std::size_t i = 0; i < lines[row].size(); ++i) {
      const std::string &cell = lines[row][i];
      const bool is_result = row > 0 && i > 0 && i <= colours[row - 1].size() && cell != "-";
      line += "  " + (is_result ? palette.of(colours[row - 1][i - 1], cell) : cell);
      if (i + 1 < lines[row].size()) line += std::string(widths[i] - text::columns(cell), ' ');
    }
    out += (row == 0 ? palette.bold(line) : line) + "\n";
  }
  return out;
}

}  // namespace

std::vector<std::string> distinct_parts(const std::vector<std::string> &paths) {
  std::vector<Parts> split;
  split.reserve(paths.size());
  for (const std::string &path : paths) split.push_back(parts_of(path));
  std::size_t shortest = split.empty() ? 0 : split.front().size();
  for (const Parts &parts : split) shortest = std::min(shortest, parts.size());
  const std::size_t most = shortest == 0 ? 0 : shortest - 1;
  if (split.size() < 2) return paths;
  const std::size_t front = common(split, most, [](const Parts &parts, std::size_t at) { return parts[at]; });
  const std::size_t back =
      common(split, most - front, [](const Parts &parts, std::size_t at) { return parts[parts.size() - 1 - at]; });
  std::vector<std::string> out;
  out.reserve(split.size());
  for (const Parts &parts : split) out.push_back(joined(parts, front, parts.size() - back));
  return out;
}

void Scores::add(const outcome::CaseFinished &finished) {
  const plan::Case &test_case = *finished.test_case;
  // The repeats of a case have consecutive numbers.
  const auto repeat = static_cast<std::size_t>(finished.repeat);
  const std::size_t first = finished.number + 1 - std::min(finished.number + 1, repeat);
  Score next{.plan = test_case.plan_file.empty() ? test_case.plan_name : test_case.plan_file.stem().string(),
             .id = test_case.id,
             .implementations = test_case.implementations,
             .result = outcome::result_of(finished),
             .points = finished.verdict.points,
             .most_points = outcome::points_of(test_case)};
  const auto [known, is_new] = by_number_.emplace(first, next);
  if (is_new) return;
  known->second.result = outcome::gravest({known->second.result, next.result});
  known->second.points = std::min(known->second.points, next.points);
}

std::vector<Score> Scores::all() const {
  std::vector<Score> all;
  for (const auto &[number, score] : by_number_) all.push_back(score);
  return all;
}

std::string ScoreTable::render(const Palette &palette) const {
  std::vector<std::vector<std::string>> keys;  // the paths of each row
  std::vector<Row> rows;
  std::vector<std::string> plans;
  for (const Score &score : scores_.all()) {
    if (score.implementations.empty()) continue;
    std::vector<std::string> key;
    for (const auto &one : score.implementations) key.push_back(one.path.string());
    const auto found = std::find(keys.begin(), keys.end(), key);
    const auto place = static_cast<std::size_t>(found - keys.begin());
    if (found == keys.end()) {
      keys.push_back(key);
      rows.emplace_back();
    }
    rows[place].add(score);
    if (std::find(plans.begin(), plans.end(), score.plan) == plans.end()) plans.push_back(score.plan);
  }
  if (rows.empty()) return {};
  std::vector<std::string> paths;
  paths.reserve(keys.size());
  for (const auto &key : keys) paths.push_back(key.front());
  const bool any_points = std::any_of(rows.begin(), rows.end(), [](const Row &row) { return row.most_points > 0; });
  const std::vector<std::string> labels = distinct_parts(paths);
  std::vector<Line> lines{{""}};
  for (const std::string &plan : plans) lines.front().push_back(text::printable(plan));
  if (any_points) lines.front().emplace_back("points");
  std::vector<std::vector<outcome::Result>> colours;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::string label = labels[i];
    for (std::size_t more = 1; more < keys[i].size(); ++more) label += " " + keys[i][more];
    Line line{text::printable(label)};
    colours.emplace_back();
    for (const std::string &plan : plans) {
      const auto found = rows[i].by_plan.find(plan);
      const std::vector<outcome::Result> results =
          found == rows[i].by_plan.end() ? std::vector<outcome::Result>{} : found->second;
      line.push_back(passed_of_all(results));
      colours.back().push_back(outcome::gravest(results));
    }
    if (any_points) line.push_back(fmt::format("{} of {}", rows[i].points, rows[i].most_points));
    lines.push_back(std::move(line));
  }
  return rendered(lines, colours, palette);
}

}  // namespace kmodtest::report
