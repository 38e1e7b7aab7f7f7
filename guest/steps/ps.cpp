// SPDX-License-Identifier: GPL-2.0-or-later
#include <vector>

#include "conditions.hpp"
#include "program_run.hpp"
#include "sample.hpp"
#include "shared/condition.hpp"

namespace kmodtest::guest {

ProgramRun::Outcome ProgramRun::act(const wire::ThreadCondition &condition) {
  ThreadSearch search(condition);
  std::vector<wire::ThreadRecord> threads;
  return sample_until_held(
      [&] {
        threads = search.find();
        return shared::evaluate(condition, threads);
      },
      [&] {
        agent_.report(wire::Threads{index_, now(), threads.empty() ? list_kernel_threads() : threads});
      });
}

}  // namespace kmodtest::guest
