// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "judge/evidence.hpp"
#include "judge/step_view.hpp"

namespace kmodtest::judge {

/// An outcome that is not Passed, and why.
struct Finding {
  Outcome outcome = Outcome::errored;
  Evidence evidence = {};
  bool names_module = false;  ///< a kernel report that has its place in a module: it says where the guest hangs
};

/// Returns an Evidence that names the step.
Evidence evidence_of(const CaseView &view, std::size_t case_index);

/// How many lines of a console are shown where its end explains something.
inline constexpr std::size_t kShownOfConsole = 20;

/// Returns the last lines of a text that are not empty, at most `count`.
std::vector<std::string> last_lines(std::string_view text, std::size_t count);

}  // namespace kmodtest::judge
