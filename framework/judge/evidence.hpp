// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error_code.hpp"
#include "judge/outcome.hpp"
#include "observe/ktap.hpp"
#include "plan/location.hpp"

namespace kmodtest::judge {

/// What a test can declare if it wants what was found. A plan and a test in C++ write it in different ways.
struct Permission {
  enum class Kind { none, report, thread, entry, object, growth };
  Kind kind = Kind::none;
  std::string name = {};  ///< of an object or a growth: "interrupt:ex"
};

/// A reason why a case did not pass.
struct Evidence {
  std::optional<std::size_t> step;  ///< index into Case::steps
  plan::Location where;             ///< in the plan; line 0 if there is no particular place
  std::string source;               ///< the plan's line
  std::string summary;              ///< one line: "'Thread exiting' did not appear within 5 s"
  std::string expected;
  std::string seen;                  ///< the nearest match, e.g. the closest log line with the difference marked
  std::vector<std::string> details;  ///< further lines: a report, ps, lsmod, compiler output
  std::vector<std::string> trace;    ///< the frames of `details` that are in modules under test, with their source
  std::string hint;                  ///< how to fix it, if known; plan_hint() also says how to permit it
  Permission permission;             ///< for what the test can permit
  /// of errors that are not the module's fault; never none if the case could not be judged
  base::Code code = base::Code::none;
};

/// Returns the hint and how a plan permits what was found: "…; 'checks: {allow: ["interrupt:ex"]}' lets it stay".
std::string plan_hint(const Evidence &evidence);

/// Joins two clauses of a hint, either of which can be empty.
std::string join_hints(const std::string &hint, const std::string &permission);

struct Verdict {
  Outcome outcome = Outcome::errored;
  std::vector<Evidence> evidence = {};  ///< the first one decided the outcome; empty when passed without `came`
  std::string skip_reason = {};
  std::vector<std::string> notes = {};        ///< what a reader should know, whatever the outcome: "slow: …"
  std::vector<observe::KtapTest> tests = {};  ///< that ran inside the guest
  std::uint32_t points = 0;                   ///< of the steps that held
  std::string came = {};  ///< set if a case passed because its expected failure occurred: "Crashed: divide error in …"
};

}  // namespace kmodtest::judge
