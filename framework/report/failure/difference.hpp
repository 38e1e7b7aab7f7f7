// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "outcome/event.hpp"

namespace kmodtest::report {

/// Describes the first agent message that differs from `earlier`, another run of the same case: "agent message 12 is
/// {…}, was {…}". Messages are printed as in events.jsonl, and long ones are cut. Empty for two runs with one digest.
std::string first_difference(const outcome::CaseFinished &run, const outcome::CaseFinished &earlier);

}  // namespace kmodtest::report
