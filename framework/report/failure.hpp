// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "report/event.hpp"
#include "report/palette.hpp"

namespace kmodtest::report {

/// render_failure() of report/listeners.hpp, in colour.
std::string render_failure(const CaseFinished &finished, const Palette &palette);

/// The command that runs exactly this case again.
std::string command_to_repeat(const plan::Case &test_case);

/// The case's kernel log, one line each as dmesg prints it; step markers as "-- step 3: load ex7_4".
std::string render_log(const CaseFinished &finished, const Palette &palette, std::string_view indent);

/// "Passed ex7_4 [cpus=2]"; colours as the palette has them.
std::string headline(const CaseFinished &finished, const Palette &palette);

/// Why a case did not pass (at once), in one line; empty when it did.
std::string reason(const CaseFinished &finished);

/// "as expected: Crashed: …" of a case that passed because this came; else empty.
std::string as_expected(const CaseFinished &finished);

/// The findings of a case in full, each with its place in the plan, without the first one's summary.
std::string render_findings(const CaseFinished &finished, const Palette &palette);

}  // namespace kmodtest::report
