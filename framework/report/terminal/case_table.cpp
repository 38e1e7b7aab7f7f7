// SPDX-License-Identifier: GPL-2.0-or-later
#include "report/terminal/case_table.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <set>

#include "report/formats/markdown_text.hpp"
#include "text/escape.hpp"
#include "text/utf8.hpp"
#include "text/words.hpp"

namespace kmodtest::report {

namespace {

constexpr std::size_t kNarrowest = 60;
constexpr std::size_t kLongestLabel = 40;
constexpr std::size_t kGap = 2;

/// Returns "passed", "2/2 passed", "1/2 crashed"; "-" if the matrix has no such case.
std::string cell_text(const std::vector<outcome::Result> &results) {
  if (results.empty()) return "-";
  const outcome::Result worst = outcome::gravest(results);
  if (results.size() == 1) return outcome::result_name(worst);
  const auto number = std::count(results.begin(), results.end(), worst);
  return fmt::format("{}/{} {}", number, results.size(), outcome::result_name(worst));
}

struct Column {
  std::string title;
  int cpus = 0;
  std::size_t width = 0;
};

std::string without_end_blanks(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace

void CaseTable::add(const outcome::CaseFinished &finished) {
  const plan::Case &test_case = *finished.test_case;
  const Row row{.file = test_case.plan_file.string(), .name = test_case.plan_name, .kernel = test_case.kernel};
  rows_[row][outcome::cpus_of(finished)].push_back(outcome::result_of(finished));
  ++size_;
}

std::string CaseTable::label(const Row &row) const {
  const std::string stem = row.file.empty() ? row.name : std::filesystem::path(row.file).stem().string();
  std::set<std::string> kernels;
  bool ambiguous = false;
  for (const auto &[other, cells] : rows_) {
    kernels.insert(other.kernel);
    ambiguous |= other.file != row.file && std::filesystem::path(other.file).stem() == stem;
  }
  std::string text = ambiguous ? row.file : stem;
  if (kernels.size() > 1) text += row.kernel.empty() ? " (default kernel)" : fmt::format(" ({})", row.kernel);
  return text::printable(text);
}

std::string CaseTable::render(int width, const Palette &palette) const {
  const std::size_t room = std::max(kNarrowest, static_cast<std::size_t>(std::max(width, 0)));
  std::map<int, Column> by_cpus;
  std::size_t label_width = 0;
  for (const auto &[row, cells] : rows_) {
    label_width = std::max(label_width, text::columns(label(row)));
    for (const auto &[cpus, results] : cells) {
      Column &column = by_cpus[cpus];
      column.title = text::counted(static_cast<std::size_t>(cpus), "CPU");
      column.cpus = cpus;
      column.width = std::max({column.width, text::columns(column.title), text::columns(cell_text(results))});
    }
  }
  label_width = std::min({label_width, kLongestLabel, room / 2});

  std::string text;
  for (auto next = by_cpus.begin(); next != by_cpus.end();) {
    std::vector<Column> block;
    std::size_t used = label_width + kGap;
    for (; next != by_cpus.end() && (block.empty() || used + kGap + next->second.width <= room); ++next) {
      used += kGap + next->second.width;
      block.push_back(next->second);
    }
    if (!text.empty()) text += "\n";
    std::string head(label_width + kGap, ' ');
    for (const Column &column : block) head += std::string(kGap, ' ') + text::pad_right(column.title, column.width);
    text += palette.bold(without_end_blanks(head)) + "\n";
    for (const auto &[row, cells] : rows_) {
      std::string line = std::string(kGap, ' ') + text::pad_right(text::cut_to(label(row), label_width), label_width);
      for (std::size_t index = 0; index < block.size(); ++index) {
        const Column &column = block[index];
        const auto found = cells.find(column.cpus);
        const std::vector<outcome::Result> results =
            found == cells.end() ? std::vector<outcome::Result>{} : found->second;
        const std::string cell = cell_text(results);
        const std::string painted = results.empty() ? cell : palette.of(outcome::gravest(results), cell);
        const bool last = index + 1 == block.size();
        line += std::string(kGap, ' ') + painted + std::string(last ? 0 : column.width - text::columns(cell), ' ');
      }
      text += line + "\n";
    }
  }
  return text;
}

std::string CaseTable::render_markdown(std::size_t most) const {
  std::set<int> cpu_counts;
  for (const auto &[row, cells] : rows_) {
    for (const auto &[cpus, results] : cells) cpu_counts.insert(cpus);
  }
  std::string text = "| plan |", rule = "|---|";
  for (const int cpus : cpu_counts) {
    text += fmt::format(" {} |", text::counted(static_cast<std::size_t>(cpus), "CPU"));
    rule += "---|";
  }
  text += "\n" + rule + "\n";
  std::size_t left = rows_.size();
  for (const auto &[row, cells] : rows_) {
    std::string line = fmt::format("| {} |", markdown_code(label(row)));
    for (const int cpus : cpu_counts) {
      const auto found = cells.find(cpus);
      const std::vector<outcome::Result> results =
          found == cells.end() ? std::vector<outcome::Result>{} : found->second;
      const bool good = results.empty() || outcome::went_well(outcome::gravest(results));
      line += good ? fmt::format(" {} |", cell_text(results)) : fmt::format(" **{}** |", cell_text(results));
    }
    if (text.size() + line.size() > most) return text + fmt::format("\n… and {}\n", text::counted(left, "more plan"));
    text += line + "\n";
    --left;
  }
  return text;
}

}  // namespace kmodtest::report
