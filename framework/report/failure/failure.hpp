// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "outcome/event.hpp"
#include "report/failure/failure_log.hpp"
#include "report/terminal/palette.hpp"

namespace kmodtest::report {

/// Returns the first line of a failure: "Failed ex7_4 [cpus=2]: why".
std::string failure_headline(const outcome::CaseFinished &finished, const Palette &palette);

/// Returns the lines of a failure after the first, up to the commands that rerun the case and open its guest.
std::string render_failure_body(const outcome::CaseFinished &finished, const FailureStyle &style);

/// Returns the command that runs exactly this case again.
std::string command_to_repeat(const plan::Case &test_case);
/// Returns the same; for a case that kmodtest explore made, the command that takes its folder.
std::string command_to_repeat(const outcome::CaseFinished &finished);

/// Returns the command that opens a guest like this case's, with its modules loaded, and a prompt in it.
std::string command_to_enter(const plan::Case &test_case);

/// Returns whether a guest ran for this case, so that one can be opened.
bool had_guest(const outcome::CaseFinished &finished);

/// Returns "Passed ex7_4 [cpus=2]", in the colours of the palette.
std::string headline(const outcome::CaseFinished &finished, const Palette &palette);

/// Returns in one line why a case did not pass (at once); empty if it did.
std::string reason(const outcome::CaseFinished &finished);

/// Returns "as expected: Crashed: …" for a case that passed because of this outcome; else empty.
std::string as_expected(const outcome::CaseFinished &finished);

/// Returns the findings of a case in full, each with its place in the plan, without the first one's summary.
std::string render_findings(const outcome::CaseFinished &finished, const Palette &palette);

}  // namespace kmodtest::report
