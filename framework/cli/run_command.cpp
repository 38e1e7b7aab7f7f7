// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/core.h>
#include <memory>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/schedule_options.hpp"
#include "kernel/kernel.hpp"
#include "report/listeners.hpp"
#include "run/collect.hpp"
#include "run/history.hpp"
#include "run/runner.hpp"
#include "run/shard.hpp"

namespace kmodtest::cli {

namespace {

struct RunCommand {
  PlanOptions plans;
  ScheduleOptions schedule;
  run::RunOptions options;
  std::filesystem::path junit, json, out;
  bool verbose = false, quiet = false, ordered = false, timings = false, no_progress = false, no_kvm = false;
  double boot_timeout = 0;

  int execute();
};

/// Prints what is wrong with plans; true when a run is out of the question.
bool print_diagnostics(const run::Collected &collected) {
  for (const auto &diagnostic : collected.diagnostics) std::fputs(diagnostic.str().c_str(), stderr);
  return collected.has_errors();
}

int RunCommand::execute() {
  schedule.apply_to(options);
  if (options.vmcore && out.empty()) {
    throw base::UsageError("--vmcore needs a folder to keep the dumps in", "name one with --out DIR");
  }
  const auto shard = schedule.wanted_shard();
  auto collected = run::collect_plans(plans.inputs, plans.overrides());
  if (print_diagnostics(collected)) return static_cast<int>(run::ExitCode::usage);
  auto cases = run::select_cases(std::move(collected.plans), {plans.ids, plans.patterns, plans.tags});
  if (cases.empty()) {
    std::fputs("kmodtest: error: no case is selected\n  hint: kmodtest list shows the cases of a plan\n", stderr);
    return static_cast<int>(run::ExitCode::nothing_selected);
  }
  options.history = std::make_shared<run::History>(kernel::cache_folder() / "history.json");
  if (shard) {
    auto mine = run::cases_of_shard(cases, *shard, *options.history);
    cases = std::move(mine.cases);
    options.notices.push_back(std::move(mine.notice));
    // Were a shard to write it, the next one would split by another history, and a case could be in none of them.
    options.learn = false;
  }
  auto console_options = report::console_options_from_environment(stdout);
  console_options.verbose = verbose;
  console_options.quiet = quiet;
  console_options.ordered = ordered;
  console_options.timings = timings;
  if (no_progress) console_options.terminal = false;

  std::vector<std::unique_ptr<report::Listener>> owned;
  if (!out.empty()) owned.push_back(report::make_artifacts(out));
  if (!json.empty()) owned.push_back(report::make_json(json));
  if (!junit.empty()) owned.push_back(report::make_junit(junit));
  owned.push_back(report::make_console(console_options));
  std::vector<report::Listener *> listeners;
  listeners.reserve(owned.size());
  for (const auto &listener : owned) listeners.push_back(listener.get());

  options.artifacts = out;
  options.hypervisor.allow_kvm = !no_kvm;
  if (boot_timeout > 0) {
    options.limits.boot = std::chrono::milliseconds(static_cast<long>(boot_timeout * 1000));
    options.limits.boot_per_cpu = std::chrono::milliseconds(0);
  }
  run::Runner runner(options, listeners);
  return static_cast<int>(run::exit_code(runner.run(cases), options.flaky_fails));
}

}  // namespace

std::function<int()> add_run(CLI::App &app) {
  auto command = std::make_shared<RunCommand>();
  command->plans.add_to(app);
  command->schedule.add_to(app);
  app.add_option("--junit", command->junit, "write a JUnit XML report")->type_name("FILE");
  app.add_option("--json", command->json, "write the run's events, one JSON object a line")->type_name("FILE");
  app.add_option("--out", command->out, "keep a folder of artifacts for every case")->type_name("DIR");
  app.add_flag("--vmcore", command->options.vmcore,
               "keep the memory of guests that crashed or hang in the folders of --out");
  app.add_option("--modules-dir", command->options.kernel.modules_dir,
                 "lib/modules/RELEASE of a kernel that --kernel names by its file")
      ->type_name("DIR");
  app.add_option("--headers", command->options.kernel.headers, "headers of a kernel that --kernel names by its file")
      ->type_name("DIR");
  app.add_option("--connect", command->options.hypervisor.uri, "libvirt URI (default: qemu:///embed)")
      ->type_name("URI");
  app.add_flag_callback(
      "--no-snapshot", [command] { command->options.snapshots = false; },
      "boot a guest for every case instead of restoring one");
  app.add_flag("--no-kvm", command->no_kvm, "emulate, even where KVM works");
  app.add_option("--boot-timeout", command->boot_timeout, "seconds of wall time until a guest has to be up")
      ->check(CLI::PositiveNumber)
      ->type_name("SECONDS");
  app.add_flag("-v,--verbose", command->verbose, "show the log and the timings of every case");
  app.add_flag("-q,--quiet", command->quiet, "show failures and the summary only");
  app.add_flag("--ordered", command->ordered, "show finished cases in the order of the plans");
  app.add_flag("--timings", command->timings, "show where the wall time went");
  app.add_flag("--no-progress", command->no_progress, "no live progress on a terminal");
  return [command] { return command->execute(); };
}

std::function<int()> add_list(CLI::App &app) {
  auto plans = std::make_shared<PlanOptions>();
  plans->add_to(app);
  return [plans] {
    auto collected = run::collect_plans(plans->inputs, plans->overrides());
    if (print_diagnostics(collected)) return static_cast<int>(run::ExitCode::usage);
    const auto cases = run::select_cases(std::move(collected.plans), {plans->ids, plans->patterns, plans->tags});
    for (const auto &test_case : cases) fmt::print("{}\n", test_case->id);
    return static_cast<int>(cases.empty() ? run::ExitCode::nothing_selected : run::ExitCode::all_passed);
  };
}

std::function<int()> add_lint(CLI::App &app) {
  auto plans = std::make_shared<PlanOptions>();
  plans->add_to(app);
  return [plans] {
    const auto collected = run::collect_plans(plans->inputs, plans->overrides());
    if (print_diagnostics(collected)) return static_cast<int>(run::ExitCode::usage);
    std::size_t cases = 0;
    for (const auto &plan : collected.plans) cases += plan.cases.size();
    fmt::print("{} {} with {} {} read, no errors\n", collected.plans.size(),
               collected.plans.size() == 1 ? "plan" : "plans", cases, cases == 1 ? "case" : "cases");
    return 0;
  };
}

}  // namespace kmodtest::cli
