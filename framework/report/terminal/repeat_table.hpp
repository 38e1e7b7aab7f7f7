// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string>

#include "outcome/result.hpp"
#include "report/terminal/palette.hpp"

namespace kmodtest::report {

/// How often each case passed in a run with --repeat.
class RepeatTable {
 public:
  void add(const outcome::CaseFinished &finished);

  /// One line per case, in the order of the plans; with `only_others` those that passed each time are left out.
  std::string render(const Palette &palette, bool only_others) const;

 private:
  struct Row {
    std::string id;
    std::map<outcome::Result, std::size_t> results;
    std::size_t unlike = 0;  ///< the guest reported something else than in the first run
  };
  std::map<std::size_t, Row> rows_;  ///< by the number of the case's first repeat
};

}  // namespace kmodtest::report
