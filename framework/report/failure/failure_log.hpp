// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "outcome/event.hpp"
#include "report/terminal/palette.hpp"

namespace kmodtest::report {

/// Options for showing a failure.
struct FailureStyle {
  Palette palette{false};
  /// Shows only lines that lead to the cause: no registers or guessed frames of a kernel report, the last lines of the
  /// log, and nothing twice. Else everything that fits.
  bool brief = false;
  std::size_t width = 0;         ///< maximum columns of a line with a caret below it; 0: no limit
  std::size_t longest_line = 0;  ///< bytes of a line that are shown; 0: no limit
};

/// Returns a line that is safe to print, or its beginning and its length if it has more than `longest` bytes (0: no
/// limit).
std::string shown_line(std::string_view line, std::size_t longest);

/// Returns the case's kernel log, one line each as dmesg prints it; step markers as "-- step 3: load ex7_4".
/// Cuts lines of more than `longest_line` bytes (0: none).
std::string render_log(const outcome::CaseFinished &finished, const Palette &palette, std::string_view indent,
                       std::size_t longest_line = 0);

/// Returns the further lines of one finding.
std::string render_details(const outcome::CaseFinished &finished, const std::vector<std::string> &details,
                           const FailureStyle &style);

/// Returns the end of the case's kernel log, or of its serial console if there is no log.
std::string render_end_of_log(const outcome::CaseFinished &finished, const FailureStyle &style);

}  // namespace kmodtest::report
