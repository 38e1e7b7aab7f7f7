// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "outcome/event.hpp"
#include "report/terminal/palette.hpp"

namespace kmodtest::report {

/// How a failure is told.
struct FailureStyle {
  Palette palette{false};
  /// Only what leads to the cause: of a kernel report neither registers nor guessed frames, of the log the last lines,
  /// and nothing twice. Else all that there is room for.
  bool brief = false;
  std::size_t width = 0;  ///< columns in which a line with a caret below it has to fit; 0: as many as it needs
};

/// The case's kernel log, one line each as dmesg prints it; step markers as "-- step 3: load ex7_4".
std::string render_log(const outcome::CaseFinished &finished, const Palette &palette, std::string_view indent);

/// The further lines of one finding.
std::string render_details(const outcome::CaseFinished &finished, const std::vector<std::string> &details,
                           const FailureStyle &style);

/// The end of the case's kernel log; of its serial console, where there is none.
std::string render_end_of_log(const outcome::CaseFinished &finished, const FailureStyle &style);

}  // namespace kmodtest::report
