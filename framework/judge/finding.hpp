// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>

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

}  // namespace kmodtest::judge
