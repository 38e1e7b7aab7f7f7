// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "outcome/event.hpp"

namespace kmodtest::outcome {

/// A case's result as shown to users: the judge's outcome, plus `flaky` (not counted as a pass).
enum class Result { passed, flaky, failed, crashed, hung, leaked, errored, skipped };

/// All results, in the order of a summary.
inline constexpr auto kResults = {Result::passed, Result::flaky,  Result::failed,  Result::crashed,
                                  Result::hung,   Result::leaked, Result::errored, Result::skipped};

Result result_of(const CaseFinished &finished);

/// Returns how many cases had this result.
std::size_t number_of(const RunFinished &finished, Result result);

/// Returns the name of a result: "passed", "flaky"…
std::string result_name(Result result);

/// Returns the first word of a line about a result: "Passed", "Flaky"…
std::string result_word(Result result);

/// Returns whether there is nothing more to report about a case: it passed at the first attempt, or was skipped.
bool went_well(Result result);

/// Returns the most severe of some results, which stands for all of them; Result::errored if there are none.
Result gravest(const std::vector<Result> &results);

/// Returns whether a guest was started for the case, so that its wall time is worth remembering.
bool had_a_guest(const CaseFinished &finished);

/// Returns how many CPUs the case's guest had online when it was ready; those of the plan if that is not known. The
/// kernel can use fewer (maxcpus=1).
int cpus_of(const CaseFinished &finished);

/// Returns the points of all steps of a case.
std::uint32_t points_of(const plan::Case &test_case);

/// Returns the name of a case: "ex7_4 [cpus=2]"; " #3" follows for the third of several runs (--repeat).
std::string label(const plan::Case &test_case, int repeat);

}  // namespace kmodtest::outcome
