// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/steps/nearest.hpp"

#include <algorithm>
#include <numeric>

#include "shared/kmsg.hpp"

namespace kmodtest::judge {
namespace {

// Longer texts are cut: the size of the table below is their product.
constexpr std::size_t kLongest = 300;

}  // namespace

Alignment align(std::string_view pattern, std::string_view text) {
  pattern = pattern.substr(0, kLongest);
  const std::size_t whole = text.size();
  text = text.substr(0, kLongest);
  const std::size_t rows = pattern.size() + 1, columns = text.size() + 1;
  // cost[i][j]: fewest edits from pattern[0, i) to a part of the text that ends before j; the part can start anywhere.
  std::vector<std::size_t> cost(rows * columns);
  const auto at = [&](std::size_t i, std::size_t j) -> std::size_t & { return cost[i * columns + j]; };
  for (std::size_t j = 0; j < columns; ++j) at(0, j) = 0;
  for (std::size_t i = 1; i < rows; ++i) {
    at(i, 0) = i;
    for (std::size_t j = 1; j < columns; ++j) {
      const std::size_t replaced = at(i - 1, j - 1) + (pattern[i - 1] == text[j - 1] ? 0 : 1);
      at(i, j) = std::min({replaced, at(i - 1, j) + 1, at(i, j - 1) + 1});
    }
  }
  std::size_t j = 0;
  for (std::size_t k = 1; k < columns; ++k) {
    if (at(rows - 1, k) < at(rows - 1, j)) j = k;
  }
  Alignment alignment{at(rows - 1, j), std::string(whole, ' ')};
  const auto mark = [&](std::size_t k) {
    if (!alignment.marks.empty()) alignment.marks[std::min(k, alignment.marks.size() - 1)] = '^';
  };
  for (std::size_t i = rows - 1; i > 0;) {
    const bool same = j > 0 && pattern[i - 1] == text[j - 1];
    if (j > 0 && at(i, j) == at(i - 1, j - 1) + (same ? 0 : 1)) {
      if (!same) mark(j - 1);
      --i, --j;
    } else if (at(i, j) == at(i - 1, j) + 1) {
      mark(j);  // a character is missing before this one
      --i;
    } else {
      mark(j - 1);
      --j;
    }
  }
  return alignment;
}

std::string nearest_line(const wire::Pattern &pattern, const std::vector<wire::KernelLogLine> &lines) {
  const bool literal = pattern.kind == wire::Pattern::Kind::literal;
  std::string text = pattern.text;
  if (!literal) {
    std::erase_if(text, [](char c) { return std::string_view("^$*+?.()[]{}|\\").find(c) != std::string_view::npos; });
  }
  const wire::KernelLogLine *best = nullptr;
  Alignment alignment{text.size() / 2 + 1, {}};
  for (const auto &line : lines) {
    if (shared::is_marker(line) || line.text.empty()) continue;
    Alignment candidate = align(text, line.text);
    if (candidate.edits >= alignment.edits) continue;
    alignment = std::move(candidate);
    best = &line;
  }
  if (best == nullptr) return {};
  const std::string printed = shared::render_dmesg(*best);
  if (!literal) return printed;
  std::string marks = std::string(printed.size() - best->text.size(), ' ') + alignment.marks;
  marks.erase(marks.find_last_not_of(' ') + 1);
  return printed + "\n" + marks;
}

}  // namespace kmodtest::judge
