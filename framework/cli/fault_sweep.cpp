// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/core.h>
#include <string>
#include <utility>
#include <vector>

#include "cli/run_command.hpp"
#include "judge/faults.hpp"
#include "judge/observations.hpp"
#include "plan/fault.hpp"
#include "run/faults/sweep.hpp"
#include "text/words.hpp"

namespace kmodtest::cli {
namespace {

/// Counts what came of the calls that failed.
class FaultResults final : public outcome::Listener {
 public:
  void on(const outcome::Event &event) override {
    const auto *finished = std::get_if<outcome::CaseFinished>(&event);
    if (finished == nullptr || !finished->seen || !finished->test_case->fault ||
        finished->test_case->fault->call.empty()) {
      return;
    }
    const judge::CaseView view(*finished->test_case, *finished->seen);
    results_.push_back(judge::FaultView(view).result(finished->verdict));
  }
  /// Returns the summary of a sweep; empty if there was no call.
  std::string words(const run::Sweep &sweep) const {
    if (results_.empty()) return {};
    std::string text = judge::fault_summary(results_);
    if (sweep.chosen < sweep.counted)
      text += fmt::format("; {} from the same places left out", text::counted(sweep.counted - sweep.chosen, "call"));
    return text;
  }

 private:
  std::vector<judge::FaultResult> results_;
};

}  // namespace

int RunCommand::sweep(const Cases &cases) {
  run::GuestPool pool = lasting_pool();
  run::Preparer preparer(options.kernel, pool.options().cache, pool);
  preparer.check_kernels(cases);
  const run::Prepare prepare = [&preparer](const plan::Case &test_case) { return preparer.prepare(test_case); };
  std::FILE *shown = console_file();
  if (!console.quiet) fmt::print(shown, "counting the calls of {}\n", text::counted(cases.size(), "case"));
  std::fflush(shown);
  run::Sweep sweep = run::sweep_cases(cases, options, pool, prepare);
  if (sweep.interrupted) {
    pool.finish(pool.clear());
    return static_cast<int>(run::ExitCode::interrupted);
  }
  std::move(sweep.notices.begin(), sweep.notices.end(), std::back_inserter(options.notices));
  const Listeners owned = listeners(options, sweep.cases);
  std::vector<outcome::Listener *> all;
  for (const auto &listener : owned) all.push_back(listener.get());
  FaultResults calls;
  all.push_back(&calls);
  const run::RunResult result = run::Runner(options, all).run(sweep.cases, pool, prepare);
  pool.finish(pool.clear());
  if (const std::string words = calls.words(sweep); !words.empty()) fmt::print(shown, "{}\n", words);
  return reports.status_of(run::exit_code(result, options.flaky_fails));
}

}  // namespace kmodtest::cli
