// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "outcome/event.hpp"
#include "report/failure/failure_log.hpp"
#include "report/terminal/palette.hpp"

namespace kmodtest::report {

/// The first line of a failure: "Failed ex7_4 [cpus=2]: why".
std::string failure_headline(const outcome::CaseFinished &finished, const Palette &palette);

/// All lines of a failure behind the first, up to the commands that run and enter the case again.
std::string render_failure_body(const outcome::CaseFinished &finished, const FailureStyle &style);

/// The command that runs exactly this case again.
std::string command_to_repeat(const plan::Case &test_case);

/// The command that opens a guest like this case's, with its modules in it, and a prompt there.
std::string command_to_enter(const plan::Case &test_case);

/// A guest ran for this case, so one can be entered.
bool had_guest(const outcome::CaseFinished &finished);

/// "Passed ex7_4 [cpus=2]"; colours as the palette has them.
std::string headline(const outcome::CaseFinished &finished, const Palette &palette);

/// Why a case did not pass (at once), in one line; empty when it did.
std::string reason(const outcome::CaseFinished &finished);

/// "as expected: Crashed: …" of a case that passed because this came; else empty.
std::string as_expected(const outcome::CaseFinished &finished);

/// The findings of a case in full, each with its place in the plan, without the first one's summary.
std::string render_findings(const outcome::CaseFinished &finished, const Palette &palette);

}  // namespace kmodtest::report
