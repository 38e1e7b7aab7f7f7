// SPDX-License-Identifier: GPL-2.0-or-later
#include <unistd.h>
#include <vector>

#include "conditions.hpp"
#include "program_run.hpp"
#include "shared/condition.hpp"
#include "tasks.hpp"

namespace kmodtest::guest {

ProgramRun::Outcome ProgramRun::act(const wire::ThreadCondition &condition) {
  ThreadSearch search(condition, threads_, {::getpid(), agent_.worker.pid()});
  std::vector<wire::ThreadRecord> threads;
  return sample_until_held(
      [&] {
        threads = search.find();
        return shared::evaluate(condition, threads);
      },
      [&](shared::Truth truth) {
        if (threads.empty()) threads = truth == shared::Truth::held ? threads_.find() : KernelThreads().find();
        agent_.report(wire::Threads{index_, now(), threads});
      });
}

}  // namespace kmodtest::guest
