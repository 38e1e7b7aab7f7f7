// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string>
#include <vector>

#include "outcome/result.hpp"
#include "plan/plan.hpp"
#include "report/terminal/palette.hpp"

namespace kmodtest::report {

/// Plans (and kernels, when there are several) × CPU counts.
class CaseTable {
 public:
  void add(const plan::Case &test_case, outcome::Result result);

  /// Number of runs in it.
  std::size_t size() const { return size_; }

  /// No line is wider than `width` (at least 60); columns that do not fit go into further blocks.
  std::string render(int width, const Palette &palette) const;

  /// The same as a table of Markdown, of at most about `most` bytes: rows that found no room are counted.
  std::string render_markdown(std::size_t most) const;

 private:
  struct Row {
    std::string file, name, kernel;
    auto operator<=>(const Row &) const = default;
  };
  using Cells = std::map<int, std::vector<outcome::Result>>;  ///< by CPUs

  std::string label(const Row &row) const;

  std::map<Row, Cells> rows_;
  std::size_t size_ = 0;
};

}  // namespace kmodtest::report
