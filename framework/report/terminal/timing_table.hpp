// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string>
#include <vector>

#include "outcome/event.hpp"
#include "report/terminal/palette.hpp"

namespace kmodtest::report {

/// Where the wall time of a run went, summed and as the median of a case.
class TimingTable {
 public:
  /// Adds one attempt of a case; one that was skipped has nothing to say.
  void add(const outcome::CaseFinished &finished);

  /// One line per phase that took any time, and "other" for what none of them accounts for. Empty without cases.
  std::string render(const Palette &palette) const;

 private:
  std::map<std::string, std::vector<double>> seconds_;  ///< by phase, one for each attempt
  std::vector<double> all_;
};

}  // namespace kmodtest::report
