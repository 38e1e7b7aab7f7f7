// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string>
#include <vector>

#include "outcome/result.hpp"
#include "plan/plan.hpp"
#include "report/terminal/palette.hpp"

namespace kmodtest::report {

/// A table of plans (and kernels, if there are several) × CPU counts.
class CaseTable {
 public:
  void add(const outcome::CaseFinished &finished);

  /// Returns the number of runs in the table.
  std::size_t size() const { return size_; }

  /// Renders lines of at most `width` columns (at least 60); table columns that do not fit go into further blocks.
  std::string render(int width, const Palette &palette) const;

  /// Renders a table in Markdown of at most about `most` bytes; rows that do not fit are counted.
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
