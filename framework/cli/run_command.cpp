// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/run_command.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/core.h>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "cli/elsewhere_choice.hpp"
#include "report/listeners.hpp"
#include "run/select/collect.hpp"
#include "run/select/history.hpp"
#include "run/select/shard.hpp"
#include "storage/cache_folder.hpp"
#include "vm/accelerator.hpp"

namespace kmodtest::cli {

void RunCommand::use_debugger(std::size_t cases) {
  if (cases != 1) {
    throw base::UsageError(base::Code::one_case_only,
                           fmt::format("--gdb needs exactly one case, but {} are selected", cases),
                           "choose one with --case (kmodtest list shows them) or --cpus");
  }
  if (gdb == "attach") run::check_gdb();
  options.debugger = gdb == "attach" ? run::Debugger::Mode::attach : run::Debugger::Mode::wait;
  options.pause_on_failure = true;
}

Listeners RunCommand::listeners(run::RunOptions &told, const Cases &cases) const {
  auto console_options = console.options(console_file(), !gdb.empty());
  if (gdb == "attach") console_options.terminal = false;
  console_options.hint_at_pause = !told.pause_on_failure && !watches;  // watch has no such option
  // Users want to see the failure before they enter its guest.
  const bool tells_at_end = console_options.failures == report::FailureOutput::at_end;
  if (told.pause_on_failure && tells_at_end) console_options.failures = report::FailureOutput::at_once;

  Listeners owned;
  if (!out.empty()) {
    told.artifacts = out;
    owned.push_back(report::make_artifacts(out, kVersion));
  } else {
    told.artifacts = report::next_failure_folder(storage::cache_folder() / "failed");
    told.artifacts_of_failures = true;
    owned.push_back(report::make_failure_artifacts(told.artifacts, kVersion, told.vmcore));
  }
  for (auto &listener : reports.make(cases, told.repeats)) owned.push_back(std::move(listener));
  owned.push_back(report::make_console(console_options));
  return owned;
}

run::GuestPool RunCommand::lasting_pool() {
  if (options.workers <= 0) options.workers = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  options.hypervisor.cache = storage::cache_folder();
  return run::GuestPool({.cache = options.hypervisor.cache,
                         .snapshots = options.snapshots,
                         .allow_kvm = options.hypervisor.allow_kvm,
                         .keep = true,
                         .slots = static_cast<std::size_t>(options.workers)},
                        [this](base::asio::io_context &io) { return vm::open_hypervisor(io, options.hypervisor); });
}

void RunCommand::settle() {
  schedule.apply_to(options);
  options.trace = options.trace || !reports.html.empty();  // the HTML page shows which thread ran when
  options.history = history.empty() ? std::make_shared<run::History>(storage::cache_folder() / "history.json")
                                    : open_history(history);
  if (!plans.check_races.empty()) emulate_for("--races");
  if (!reports.coverage.empty()) {
    emulate_for("--coverage");
    options.coverage = std::make_shared<run::CoverageMeter>();
  }
  options.hypervisor.allow_kvm = !no_kvm;
  if (boot_timeout > 0) {
    options.limits.boot = std::chrono::milliseconds(static_cast<long>(boot_timeout * 1000));
    options.limits.boot_per_cpu = std::chrono::milliseconds(0);
    options.limits.boot_of_checks = 1;
  }
}

void RunCommand::emulate_for(const std::string &option) {
  if (!options.snapshots)
    throw base::UsageError(base::Code::options_exclude, option + " and --no-snapshot cannot be used together");
  if (!no_kvm && !vm::kvm_device_error())
    options.notices.emplace_back("KVM is not used: " + option + " needs emulated guests");
  no_kvm = true;
}

std::optional<int> RunCommand::select(Cases &cases) const {
  auto collected = run::collect_plans(plans.inputs, plans.overrides());
  if (print_diagnostics(collected)) return static_cast<int>(run::ExitCode::usage);
  cases = run::select_cases(std::move(collected.plans), {plans.ids, plans.patterns, plans.tags});
  if (cases.empty()) {
    const base::UsageError nothing(base::Code::no_case_selected, "no case is selected",
                                   "kmodtest list shows the cases of a plan");
    std::fputs(render_error(nothing).c_str(), stderr);
    return static_cast<int>(run::ExitCode::nothing_selected);
  }
  return std::nullopt;
}

std::unique_ptr<outcome::Listener> RunCommand::take_shard(const run::Shard &shard, Cases &cases) {
  shards::Split split = shards::split_cases(std::move(cases), shard, *options.history);
  if (shard.of > 1) options.notices.push_back(split.mine.notice);
  if (from_the_end) {
    shards::turn_around(split, *options.history);
    options.as_given = true;
  }
  shards::ResultsOptions told;
  told.path = results;
  told.version = kVersion;
  told.attempt = attempt;
  told.resume = resume;
  told.root = results_root;
  told.repeats = options.repeats;
  told.retries = options.retries;
  told.shuffle_seed = options.shuffle_seed;
  std::unique_ptr<outcome::Listener> keeper;
  if (!results.empty()) {
    if (const std::size_t before = shards::leave_out_finished(split, told); before > 0)
      options.notices.push_back(fmt::format("{} of its cases have results already (--resume)", before));
    keeper = shards::make_results(std::move(told), split, options.history);
  }
  cases = std::move(split.mine.cases);
  return keeper;
}

std::shared_ptr<run::History> open_history(const std::filesystem::path &file_or_folder) {
  std::error_code none;
  const bool folder = std::filesystem::is_directory(file_or_folder, none);
  const auto file = folder ? file_or_folder / "history.json" : file_or_folder;
  if (!run::can_be_history(file)) {
    throw base::UsageError(base::Code::bad_option_value,
                           fmt::format("--history names '{}', which is not a history of kmodtest", file.string()),
                           "name another file; a run or a merge would replace this one");
  }
  return std::make_shared<run::History>(std::filesystem::absolute(file), std::filesystem::current_path());
}

int RunCommand::execute() {
  settle();
  const auto shard = schedule.wanted_shard();
  Cases cases;
  if (const auto status = select(cases)) return *status;
  if (!gdb.empty()) use_debugger(cases.size());
  std::unique_ptr<outcome::Listener> keeper;
  if (shard || !results.empty()) keeper = take_shard(shard.value_or(run::Shard{}), cases);
  // If a shard wrote it, the next shard would split by another history, and a case could be in none of them.
  if (shard) options.learn = false;
  if (fails_each) return sweep(cases);
  Listeners owned = listeners(options, cases);
  if (keeper) owned.push_back(std::move(keeper));
  std::vector<outcome::Listener *> all;
  for (const auto &listener : owned) all.push_back(listener.get());
  if (witness) all.push_back(witness);
  run::Runner runner(options, all);
  return reports.status_of(run::exit_code(runner.run(cases), options.flaky_fails));
}

void RunCommand::add_to(CLI::App &app) {
  schedule.add_to(app);
  reports.add_to(app);
  app.add_option("--out", out, "keep a folder of artifacts for every case (default: for those that fail, in the cache)")
      ->type_name("DIR");
  app.add_option("--history", history,
                 "how long cases took and how they ended: a file, or a folder for history.json (default: in the cache)")
      ->type_name("FILE|DIR");
  app.add_flag("--trace", options.trace,
               "record what the guest's scheduler does in every case (cases with a sched step do so anyway)");
  app.add_flag("--vmcore", options.vmcore,
               "save the memory of guests that crash or hang in the folders of their cases");
  app.add_option("--modules-dir", options.kernel.modules_dir,
                 "lib/modules/RELEASE of a kernel given as a file with --kernel")
      ->type_name("DIR");
  app.add_option("--headers", options.kernel.headers, "headers of a kernel given as a file with --kernel")
      ->type_name("DIR");
  app.add_option("--connect", options.hypervisor.uri, "libvirt URI (default: qemu:///embed)")->type_name("URI");
  app.add_flag_callback(
      "--no-snapshot", [this] { options.snapshots = false; }, "boot a guest for every case instead of restoring one");
  app.add_flag("--no-kvm", no_kvm, "emulate even if KVM works");
  app.add_option("--boot-timeout", boot_timeout, "seconds of wall time within which a guest must be up")
      ->check(CLI::PositiveNumber)
      ->type_name("SECONDS");
  app.add_flag("--pause-on-failure", options.pause_on_failure,
               "keep the guest of the first case that does not pass, and print how to enter it");
  app.add_flag("--gdb{wait}", gdb,
               "stop before the first step until gdb continues the guest (--gdb=attach: start gdb here)")
      ->check(CLI::IsMember({"wait", "attach"}));
  console.add_to(app);
}

std::function<int()> add_run(CLI::App &app) {
  auto command = std::make_shared<RunCommand>();
  command->plans.add_to(app);
  command->add_to(app);
  app.add_option("--results", command->results,
                 "write the results for kmodtest merge: a folder, or an archive if it ends in .tar.zst")
      ->type_name("FILE");
  app.add_option("--attempt", command->attempt, "how often this shard was started, for kmodtest merge: the last counts")
      ->check(CLI::Range(1, 1'000'000))
      ->type_name("N");
  app.add_flag("--resume", command->resume, "run only the cases that have no results in the folder of --results yet");
  app.add_option("--results-root", command->results_root)->group("");  // hidden: for the scripts of --on ssh
  app.add_flag("--from-the-end", command->from_the_end)->group("");    // the same
  app.add_flag("--fail-each", command->fails_each,
               "run each case once for every call of the modules that can fail: to allocate, to register, to start a "
               "thread")
      ->excludes("--results");
  auto elsewhere = std::make_shared<ElsewhereChoice>();
  elsewhere->add_to(app);
  return [command, elsewhere, &app] {
    return elsewhere->engine.empty() ? command->execute() : elsewhere->execute(*command, app);
  };
}

}  // namespace kmodtest::cli
