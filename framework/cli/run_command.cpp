// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/core.h>
#include <memory>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/console_choice.hpp"
#include "cli/report_options.hpp"
#include "cli/schedule_options.hpp"
#include "cli/watch_session.hpp"
#include "kernel/kernel.hpp"
#include "report/artifacts/bundle.hpp"
#include "report/listeners.hpp"
#include "run/runner.hpp"
#include "run/select/collect.hpp"
#include "run/select/history.hpp"
#include "run/select/shard.hpp"
#include "storage/cache_folder.hpp"

namespace kmodtest::cli {

namespace {

struct RunCommand {
  PlanOptions plans;
  ScheduleOptions schedule;
  ConsoleChoice console;
  run::RunOptions options;
  ReportOptions reports;
  std::filesystem::path out;
  std::string gdb;
  bool no_kvm = false;
  bool watches = false;
  double boot_timeout = 0;
  outcome::Listener *witness = nullptr;  ///< a further one that is told everything; null: none

  int execute();
  std::FILE *console_file() const { return reports.on_standard_output() ? stderr : stdout; }
  /// Repeats it when files change.
  int execute_watching();
  /// Those who hear of a run, as the options say; `told` learns where they keep the cases' folders.
  Listeners listeners(run::RunOptions &told, const Cases &cases) const;
  /// Lays what the command line says over the runner's options.
  void settle();
  void use_debugger(std::size_t cases);
  int execute_again(const std::filesystem::path &folder);
};

/// What the digests of a case run again came to.
class DigestWitness final : public outcome::Listener {
 public:
  explicit DigestWitness(std::string wanted) : wanted_(std::move(wanted)) {}

  void on(const outcome::Event &event) override {
    const auto *finished = std::get_if<outcome::CaseFinished>(&event);
    if (finished == nullptr || finished->digest.empty()) return;
    ++(finished->digest == wanted_ ? same_ : others_);
  }

  /// One line for the user; nothing where there is nothing to compare.
  std::string words() const {
    if (wanted_.empty() || same_ + others_ == 0) return "";
    if (others_ == 0) return fmt::format("the digest is that of the first run: {}\n", wanted_);
    if (same_ == 0) return "the digest differs from that of the first run: another snapshot, or another machine\n";
    return fmt::format("the digest is that of the first run in {} of {} runs\n", same_, same_ + others_);
  }

 private:
  std::string wanted_;
  std::size_t same_ = 0, others_ = 0;
};

void RunCommand::use_debugger(std::size_t cases) {
  if (cases != 1) {
    throw base::UsageError(base::Code::one_case_only, fmt::format("--gdb is for one case, and {} are selected", cases),
                           "choose one with --case (kmodtest list shows them) or --cpus");
  }
  if (gdb == "attach") run::check_gdb();
  options.debugger = gdb == "attach" ? run::Debugger::Mode::attach : run::Debugger::Mode::wait;
  options.pause_on_failure = true;
}

Listeners RunCommand::listeners(run::RunOptions &told, const Cases &cases) const {
  auto console_options = console.options(console_file(), !gdb.empty());
  if (gdb == "attach") console_options.terminal = false;
  console_options.hint_at_pause = !told.pause_on_failure && !watches;  // which has no such option
  // Whoever enters the guest of a failure wants to know of it first.
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

void RunCommand::settle() {
  schedule.apply_to(options);
  options.trace = options.trace || !reports.html.empty();  // the report shows who ran when
  options.history = std::make_shared<run::History>(storage::cache_folder() / "history.json");
  options.hypervisor.allow_kvm = !no_kvm;
  if (boot_timeout > 0) {
    options.limits.boot = std::chrono::milliseconds(static_cast<long>(boot_timeout * 1000));
    options.limits.boot_per_cpu = std::chrono::milliseconds(0);
  }
}

int RunCommand::execute_watching() {
  watches = true;
  settle();
  if (reports.on_standard_output()) {
    throw base::UsageError(base::Code::options_exclude, "watch writes no report to standard output",
                           "name a file; it has what ran last");
  }
  return watch(plans, options, [this](run::RunOptions &told, const Cases &cases) { return listeners(told, cases); });
}

int RunCommand::execute() {
  settle();
  const auto shard = schedule.wanted_shard();
  auto collected = run::collect_plans(plans.inputs, plans.overrides());
  if (print_diagnostics(collected)) return static_cast<int>(run::ExitCode::usage);
  auto cases = run::select_cases(std::move(collected.plans), {plans.ids, plans.patterns, plans.tags});
  if (cases.empty()) {
    const base::UsageError nothing(base::Code::no_case_selected, "no case is selected",
                                   "kmodtest list shows the cases of a plan");
    std::fputs(render_error(nothing).c_str(), stderr);
    return static_cast<int>(run::ExitCode::nothing_selected);
  }
  if (!gdb.empty()) use_debugger(cases.size());
  if (shard) {
    auto mine = run::cases_of_shard(cases, *shard, *options.history);
    cases = std::move(mine.cases);
    options.notices.push_back(std::move(mine.notice));
    // Were a shard to write it, the next one would split by another history, and a case could be in none of them.
    options.learn = false;
  }
  const Listeners owned = listeners(options, cases);
  std::vector<outcome::Listener *> all;
  for (const auto &listener : owned) all.push_back(listener.get());
  if (witness) all.push_back(witness);
  run::Runner runner(options, all);
  return static_cast<int>(run::exit_code(runner.run(cases), options.flaky_fails));
}

int RunCommand::execute_again(const std::filesystem::path &folder) {
  const report::Bundle bundle = report::read_bundle(folder);
  plans.inputs = {bundle.plan};
  plans.seed = bundle.seed;
  if (plans.kernels.empty() && !bundle.kernel.empty()) {
    plans.kernels = {bundle.kernel};
    if (options.kernel.modules_dir.empty()) options.kernel.modules_dir = bundle.modules_dir;
    if (options.kernel.headers.empty()) options.kernel.headers = bundle.headers;
  }
  no_kvm = no_kvm || !bundle.allow_kvm;
  options.trace = options.trace || bundle.trace;
  DigestWitness digests(bundle.digest);
  witness = &digests;
  const int status = execute();
  fmt::print(console_file(), "{}", digests.words());
  return status;
}

/// What a run from plans and one from a folder have in common.
void add_options(CLI::App &app, const std::shared_ptr<RunCommand> &command) {
  command->schedule.add_to(app);
  command->reports.add_to(app);
  app.add_option("--out", command->out,
                 "keep a folder of artifacts for every case (without: for those that fail, in the cache)")
      ->type_name("DIR");
  app.add_flag("--trace", command->options.trace,
               "record what the guest's scheduler does in every case (cases with a sched step do so anyway)");
  app.add_flag("--vmcore", command->options.vmcore,
               "keep the memory of guests that crashed or hang in their cases' folders");
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
  app.add_flag("--pause-on-failure", command->options.pause_on_failure,
               "keep the guest of the first case that does not pass, and say how to enter it");
  app.add_flag("--gdb{wait}", command->gdb,
               "stop before the first step until gdb lets the guest go (--gdb=attach: start gdb here)")
      ->check(CLI::IsMember({"wait", "attach"}));
  command->console.add_to(app);
}

}  // namespace

std::function<int()> add_run(CLI::App &app) {
  auto command = std::make_shared<RunCommand>();
  command->plans.add_to(app);
  add_options(app, command);
  return [command] { return command->execute(); };
}

std::function<int()> add_watch(CLI::App &app) {
  auto command = std::make_shared<RunCommand>();
  command->plans.add_to(app);
  add_options(app, command);
  // What stops a run for somebody to look, and what is for several machines.
  for (const char *option : {"--gdb", "--pause-on-failure", "--shard"}) app.remove_option(app.get_option(option));
  return [command] { return command->execute_watching(); };
}

std::function<int()> add_rerun(CLI::App &app) {
  auto command = std::make_shared<RunCommand>();
  auto folder = std::make_shared<std::filesystem::path>();
  app.add_option("folder", *folder, "the folder that a case left: below --out, or behind 'files:' of a failure")
      ->required()
      ->type_name("FOLDER");
  app.add_option("--kernel", command->plans.kernels,
                 "a kernel of the catalogue, a bzImage, or 'host', instead of the case's")
      ->type_name("KERNEL")
      ->expected(1);
  add_options(app, command);
  return [command, folder] { return command->execute_again(*folder); };
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
