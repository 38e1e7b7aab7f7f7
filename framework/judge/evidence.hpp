// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/error_code.hpp"
#include "judge/outcome.hpp"
#include "plan/location.hpp"

namespace kmodtest::judge {

/// Why a case did not pass.
struct Evidence {
  std::optional<std::size_t> step;  ///< index into Case::steps
  plan::Location where;             ///< in the plan; line 0 when it is about no place in particular
  std::string source;               ///< the plan's line
  std::string summary;              ///< one line: "'Thread exiting' did not appear within 5 s"
  std::string expected;
  std::string seen;                    ///< the nearest thing, e.g. the closest log line with the difference marked
  std::vector<std::string> details;    ///< further lines: a report, ps, lsmod, compiler output
  std::vector<std::string> trace;      ///< the frames of `details` that are in modules under test, with their source
  std::string hint;                    ///< how to mend it, where we know
  base::Code code = base::Code::none;  ///< of what is no fault of the module's: always there when we could not judge
};

struct Verdict {
  Outcome outcome = Outcome::errored;
  std::vector<Evidence> evidence;  ///< the first one is what the case ended with; empty when passed without `came`
  std::string skip_reason;
  std::string came;  ///< of a case that passed because what its plan expects came: "Crashed: divide error in …"
};

}  // namespace kmodtest::judge
