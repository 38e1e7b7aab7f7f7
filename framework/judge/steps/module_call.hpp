// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <fmt/core.h>
#include <optional>
#include <string>
#include <vector>

#include "judge/steps/reading.hpp"
#include "observe/reports/refusals.hpp"

/// Shared parts of load and unload.
namespace kmodtest::judge {

/// Returns the contents of the file of a module under test; null for a module that is not under test.
const kernel::ModuleInfo *file_of(const StepView &view, const std::string &name);

/// Returns the step of a plan whose command can have unloaded a module; null: there is none.
const plan::Step *unloading_command(const plan::Case &test_case);

/// The words for one kind of call: "loading", "loaded".
struct CallWords {
  const char *doing;
  const char *done;
};

/// Returns what is wrong with a call for the module `name`; nothing if it ended as expected. `call`: a wire::Loaded or
/// wire::Unloaded; null if none arrived.
template <class Call>
std::optional<Reading> read_call(const CallWords &words, const std::string &name, const Call *call, int expected) {
  if (call == nullptr) return reading_unknown(fmt::format("{} {} did not come back", words.doing, name));
  if (call->module != name) {
    return reading_unknown(fmt::format("the guest {} {} where {} was due", words.done, call->module, name));
  }
  if (wire::is_expected_errno(call->error, expected)) return std::nullopt;
  const std::string result =
      call->error == 0 ? "succeeded, but should have been refused" : "gave " + errno_words(call->error);
  Reading reading = reading_broken(fmt::format("{} {} {}", words.doing, name, result));
  reading.expected = errno_words(expected);
  reading.seen = errno_words(call->error);
  return reading;
}

/// Adds why the kernel refused the call: the first reason to the headline, all of them with their meaning below it.
void explain(Reading &reading, const std::vector<observe::Refusal> &refusals);

/// Returns the kernel log of this step, as dmesg prints it.
std::vector<std::string> log_details(const StepView &view);

}  // namespace kmodtest::judge
