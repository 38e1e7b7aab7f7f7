// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "outcome/event.hpp"

namespace kmodtest::report {

/// What its guest reported first that it did not report in `earlier`, another run of the same case: "report 12 is {…},
/// was {…}", each as in events.jsonl and cut where it is long. Of two runs with one digest: empty.
std::string first_difference(const outcome::CaseFinished &run, const outcome::CaseFinished &earlier);

}  // namespace kmodtest::report
