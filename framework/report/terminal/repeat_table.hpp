// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string>

#include "outcome/result.hpp"
#include "report/terminal/palette.hpp"

namespace kmodtest::report {

/// A table of how often each case passed in a run with --repeat.
class RepeatTable {
 public:
  void add(const outcome::CaseFinished &finished);

  /// Renders one line per case, in the order of the plans; with `only_others` it leaves out cases that always passed.
  std::string render(const Palette &palette, bool only_others) const;

 private:
  struct Row {
    std::string id;
    std::map<outcome::Result, std::size_t> results;
    std::size_t unlike = 0;  ///< the guest's messages differ from those of the first run
  };
  std::map<std::size_t, Row> rows_;  ///< by the number of the case's first repeat
};

}  // namespace kmodtest::report
