// SPDX-License-Identifier: GPL-2.0-or-later
#include "judge/finding.hpp"

namespace kmodtest::judge {

Evidence evidence_of(const CaseView &view, std::size_t case_index) {
  const auto &step = view.test_case.steps[case_index];
  Evidence evidence;
  evidence.step = case_index;
  evidence.where = step.where;
  evidence.source = step.source;
  return evidence;
}

}  // namespace kmodtest::judge
