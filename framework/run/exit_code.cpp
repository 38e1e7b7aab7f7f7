// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/exit_code.hpp"

#include "judge/outcome.hpp"

namespace kmodtest::run {

ExitCode exit_code(const RunResult &result, bool flaky_fails) {
  if (result.interrupted) return ExitCode::interrupted;
  using judge::Outcome;
  const auto number = [&](Outcome outcome) { return result.by_outcome[static_cast<std::size_t>(outcome)]; };
  for (const Outcome outcome : {Outcome::failed, Outcome::crashed, Outcome::hung, Outcome::leaked}) {
    if (number(outcome) > 0) return ExitCode::some_did_not_pass;
  }
  if (flaky_fails && result.flaky > 0) return ExitCode::some_did_not_pass;
  if (number(Outcome::errored) > 0 || result.not_run > 0) return ExitCode::infrastructure;
  return ExitCode::all_passed;
}

}  // namespace kmodtest::run
