// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <vector>

namespace kmodtest::run {

/// The result of a run.
struct RunResult {
  std::vector<std::size_t> by_outcome;  ///< indexed by judge::Outcome; flaky ones are not among the passed
  std::size_t flaky = 0;                ///< passed, but not at the first attempt
  std::size_t not_run = 0;
  bool interrupted = false;  ///< by a signal
  bool cancelled = false;    ///< by Runner::cancel()
};

/// Exit codes of the process, documented in the README.
enum class ExitCode : int {
  all_passed = 0,
  some_did_not_pass = 1,
  usage = 2,
  infrastructure = 3,
  nothing_selected = 4,
  interrupted = 130,
};

/// Returns 1 once a case was judged and did not pass, or 3 if cases could not be judged and none failed. Every report
/// lists flaky cases; they count as not passed only with `flaky_fails`.
ExitCode exit_code(const RunResult &result, bool flaky_fails = false);

}  // namespace kmodtest::run
