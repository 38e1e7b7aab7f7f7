// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <source_location>
#include <string>

#include "base/error.hpp"
#include "kmodtest/guest.hpp"
#include "outcome/event.hpp"
#include "plan/plan.hpp"

namespace kmodtest::library {

/// What came of a case, in the words of the tool, with the last lines of its kernel log.
Verdict verdict_of(const outcome::CaseFinished &finished);

/// The place of a call in the test's source, as a place in a plan; and its line, where the file can be read.
plan::Location place_of(const std::source_location &where);
std::string source_line(const std::source_location &where);

/// What went wrong and how to mend it, the compiler's words included.
std::string text_of(const base::Error &error);

}  // namespace kmodtest::library
