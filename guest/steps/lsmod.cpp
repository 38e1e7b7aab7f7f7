// SPDX-License-Identifier: GPL-2.0-or-later
#include <vector>

#include "conditions.hpp"
#include "program_run.hpp"
#include "sample.hpp"
#include "shared/condition.hpp"

namespace kmodtest::guest {

ProgramRun::Outcome ProgramRun::act(const wire::ModuleCondition &condition) {
  std::vector<wire::ModuleRecord> modules;
  return sample_until_held(
      [&] {
        modules = list_modules();
        return shared::evaluate(condition, modules);
      },
      [&](shared::Truth) {
        agent_.report(wire::Modules{index_, now(), modules});
      });
}

}  // namespace kmodtest::guest
