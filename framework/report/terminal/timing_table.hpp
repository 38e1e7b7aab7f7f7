// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string>
#include <vector>

#include "outcome/event.hpp"
#include "report/terminal/palette.hpp"

namespace kmodtest::report {

/// A table of a run's wall time by phase: the sum, and the median per case.
class TimingTable {
 public:
  /// Adds one attempt of a case; ignores a skipped case.
  void add(const outcome::CaseFinished &finished);

  /// Renders one line per phase that took any time, and "other" for the rest. Empty without cases.
  std::string render(const Palette &palette) const;

 private:
  std::map<std::string, std::vector<double>> seconds_;  ///< by phase, one value for each attempt
  std::vector<double> all_;
};

}  // namespace kmodtest::report
