// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <source_location>
#include <string>

#include "base/error.hpp"
#include "kmodtest/guest.hpp"
#include "outcome/event.hpp"
#include "plan/plan.hpp"

namespace kmodtest::library {

/// Returns the result of a case as kmodtest prints it, with the last lines of its kernel log.
Verdict verdict_of(const outcome::CaseFinished &finished);

/// Returns the place of a call in the test's source in the form of a place in a plan, with its line if the file can be
/// read.
plan::Location place_of(const std::source_location &where);
std::string source_line(const std::source_location &where);

/// Returns the text of an error: the cause, the compiler's output, and how to fix it.
std::string text_of(const base::Error &error);

}  // namespace kmodtest::library
