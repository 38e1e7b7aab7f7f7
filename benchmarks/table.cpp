// SPDX-License-Identifier: GPL-2.0-or-later
#include "table.hpp"

#include <algorithm>
#include <cstddef>
#include <fmt/format.h>

namespace kmodtest::bench {

namespace {

constexpr double kKibPerMib = 1024;

std::string padded(const std::string &cell, std::size_t width, bool left) {
  return left ? fmt::format("{:<{}}", cell, width) : fmt::format("{:>{}}", cell, width);
}

std::vector<std::size_t> widths_of(const Table &table) {
  std::vector<std::size_t> widths;
  for (const std::string &column : table.columns) widths.push_back(column.size());
  for (const auto &row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  return widths;
}

std::string line(const std::vector<std::string> &cells, const std::vector<std::size_t> &widths, Format format) {
  const bool markdown = format == Format::markdown;
  std::string text = markdown ? "|" : "";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    text += (markdown ? " " : "  ") + padded(cells[i], widths[i], i == 0) + (markdown ? " |" : "");
  }
  return text + "\n";
}

std::string rule(const std::vector<std::size_t> &widths) {
  std::string text = "|";
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const std::string dashes(widths[i] + 1, '-');
    text += i == 0 ? ":" + dashes + "|" : dashes + ":|";
  }
  return text + "\n";
}

}  // namespace

std::string render(const Table &table, Format format) {
  const auto widths = widths_of(table);
  const bool markdown = format == Format::markdown;
  std::string text = markdown ? "### " + table.title + "\n\n" : table.title + "\n";
  text += line(table.columns, widths, format);
  if (markdown) text += rule(widths);
  for (const auto &row : table.rows) text += line(row, widths, format);
  if (!table.note.empty()) text += (markdown ? "\n" : "  ") + table.note + "\n";
  return text;
}

std::string seconds(double value) {
  return fmt::format("{:.3f}", value);
}

std::string ratio(double value, double of) {
  return of == 0 ? "-" : fmt::format("{:.2f}x", value / of);
}

std::string percent(double value, double of) {
  return of == 0 ? "-" : fmt::format("{:.0f} %", 100 * value / of);
}

std::string mib(double kib) {
  return fmt::format("{:.1f}", kib / kKibPerMib);
}

}  // namespace kmodtest::bench
