// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "outcome/event.hpp"

namespace kmodtest::outcome {

/// What a case came to in the eyes of a reader: the judge's outcome, and flaky, which is no pass.
enum class Result { passed, flaky, failed, crashed, hung, leaked, errored, skipped };

/// Every one, in the order in which a summary tells them.
inline constexpr auto kResults = {Result::passed, Result::flaky,  Result::failed,  Result::crashed,
                                  Result::hung,   Result::leaked, Result::errored, Result::skipped};

Result result_of(const CaseFinished &finished);

/// How many cases came to it.
std::size_t number_of(const RunFinished &finished, Result result);

/// "passed", "flaky"…
std::string result_name(Result result);

/// "Passed", "Flaky"…: the first word of a line.
std::string result_word(Result result);

/// Nothing to tell more of than that: passed at the first attempt, or skipped.
bool went_well(Result result);

/// The one that a group of results is told by: the gravest. Of none Result::errored.
Result gravest(const std::vector<Result> &results);

/// "ex7_4 [cpus=2]"; " #3" follows for the third of several runs (--repeat).
std::string label(const plan::Case &test_case, int repeat);

}  // namespace kmodtest::outcome
