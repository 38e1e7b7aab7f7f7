// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// Which lines of the modules under test were executed, and which of their branches.
namespace kmodtest::observe {

/// A conditional jump: two branches.
struct JumpCount {
  std::uint64_t taken = 0, fell = 0;
  bool operator==(const JumpCount &) const = default;
};
struct LineCount {
  std::uint64_t times = 0;
  std::vector<JumpCount> jumps = {};  ///< in the order of their addresses
  bool operator==(const LineCount &) const = default;
};
struct FunctionCount {
  std::uint32_t line = 0;
  std::uint64_t times = 0;
  bool operator==(const FunctionCount &) const = default;
};
struct FileCoverage {
  std::map<std::uint32_t, LineCount> lines;  ///< those that have instructions
  std::map<std::string, FunctionCount> functions;
  bool operator==(const FileCoverage &) const = default;
};

/// The coverage of one case, or of several.
struct Coverage {
  std::map<std::string, FileCoverage> files;   ///< by path
  std::map<std::string, std::string> missing;  ///< modules, or cases, that were not measured, and why
  bool operator==(const Coverage &) const = default;
};

/// Adds the counts of another case. If the two have different jumps on a line, as two kernels' builds can, the jumps
/// are matched in their order.
void add(Coverage &to, const Coverage &more);

struct Share {
  std::size_t done = 0, all = 0;
  /// Returns the whole percent, rounded down; 100 only if everything is done. 0 of 0 is 0.
  int percent() const;
  bool operator==(const Share &) const = default;
};
struct CoverageTotals {
  Share lines, branches, functions;
  bool operator==(const CoverageTotals &) const = default;
};
CoverageTotals totals_of(const FileCoverage &file);
CoverageTotals totals_of(const Coverage &coverage);
/// Returns the same of one line's branches.
Share branches_of(const LineCount &line);

/// Lines of a file that never ran, with no other line that has instructions in between.
struct CoverageGap {
  std::string file;
  std::uint32_t first = 0, last = 0;
  std::size_t lines = 0;  ///< with instructions
  bool operator==(const CoverageGap &) const = default;
};
/// Returns the gaps, the largest first.
std::vector<CoverageGap> gaps_of(const Coverage &coverage);

/// Returns "83 % of lines, 61 % of branches; ex7_3.c 41-47 never ran".
std::string coverage_summary(const Coverage &coverage);

}  // namespace kmodtest::observe
