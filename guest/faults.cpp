// SPDX-License-Identifier: GPL-2.0-or-later
#include "wire/faults.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <variant>

#include "program_run.hpp"

namespace kmodtest::guest {
namespace {

constexpr std::size_t kMostText = 1u << 20;

bool is_condition(const wire::StepBody &body) {
  return !wire::is_action(body);
}

}  // namespace

void ProgramRun::report_calls() {
  if (!program_.counts_calls) return;
  FileText calls = read_file(wire::kFaultFile, kMostText);
  std::string state = calls.content.substr(0, calls.content.find('\n'));
  call_failed_ = state.compare(0, 3, "on ") == 0 && state.find(" failed=0") == std::string::npos;
  if (state == counted_calls_) return;
  counted_calls_ = std::move(state);
  agent_.report(wire::FaultCalls{index_, std::move(calls.content)});
}

bool ProgramRun::leaves_out_step() const {
  return call_failed_ && wire::needs_module(step().body) && modules_gone();
}

bool ProgramRun::goes_on_after(const StepOutcome &outcome) const {
  if (outcome.result == wire::StepResult::held) return true;
  if (!call_failed_) return false;
  const bool ran = std::holds_alternative<wire::RunCommand>(step().body);
  return is_condition(step().body) || outcome.result == wire::StepResult::refused ||
         (ran && outcome.result == wire::StepResult::violated);
}

}  // namespace kmodtest::guest
