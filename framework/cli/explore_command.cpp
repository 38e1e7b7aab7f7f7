// SPDX-License-Identifier: GPL-2.0-or-later
#include <chrono>
#include <fmt/core.h>
#include <memory>
#include <string>
#include <unistd.h>
#include <utility>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/run_command.hpp"
#include "plan/schedule.hpp"
#include "run/explore/explain.hpp"
#include "run/explore/exploration.hpp"
#include "storage/output_file.hpp"
#include "text/words.hpp"

namespace kmodtest::cli {
namespace {

using text::counted;

constexpr std::chrono::seconds kBetweenLines{10};
constexpr std::chrono::milliseconds kBetweenUpdates{200};

std::string counts_line(const run::ExploreCounts &counts) {
  const double seconds = counts.took.count();
  return fmt::format("{}, {} distinct interleavings, {} failed ({}), {:.1f} s, {:.1f} per second",
                     counted(counts.schedules, "schedule"), counts.distinct, counts.failed,
                     counted(counts.kinds, "kind"), seconds,
                     seconds > 0 ? static_cast<double>(counts.schedules) / seconds : 0.0);
}

/// Shows how far an exploration is: one line that changes on a terminal, else a line now and then.
class LiveCount {
 public:
  LiveCount(std::FILE *out, bool quiet) : out_(out), quiet_(quiet), terminal_(::isatty(::fileno(out)) != 0) {}
  ~LiveCount() { clear(); }
  LiveCount(const LiveCount &) = delete;
  LiveCount &operator=(const LiveCount &) = delete;

  void show(const run::ExploreCounts &counts) {
    const auto now = std::chrono::steady_clock::now();
    if (quiet_ || now - last_ < (terminal_ ? std::chrono::milliseconds(kBetweenUpdates) : kBetweenLines)) return;
    last_ = now;
    fmt::print(out_, "{}{}{}", terminal_ ? "\r\x1b[K" : "", counts_line(counts), terminal_ ? "" : "\n");
    std::fflush(out_);
    shown_ = terminal_;
  }
  void clear() {
    if (shown_) fmt::print(out_, "\r\x1b[K");
    shown_ = false;
  }

 private:
  std::FILE *out_;
  bool quiet_, terminal_, shown_ = false;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

/// Explains each failing schedule to the other listeners. Then writes it, and what it does, into the folder of its
/// case; keeps the text for the terminal.
class Explainer final : public outcome::Listener {
 public:
  Explainer(const run::Explored &explored, std::vector<outcome::Listener *> others)
      : explored_(explored), others_(std::move(others)) {}

  void on(const outcome::Event &event) override {
    const auto *finished = std::get_if<outcome::CaseFinished>(&event);
    if (finished == nullptr || !finished->test_case->schedule) return tell_others(event);
    outcome::CaseFinished explained = *finished;
    explained.story = std::make_shared<const outcome::ScheduleStory>(run::explain(*finished, nearest_to(*finished)));
    tell_others(explained);
    keep(explained);
  }
  const std::string &text() const { return text_; }

 private:
  void tell_others(const outcome::Event &event) const {
    for (outcome::Listener *other : others_) other->on(event);
  }

  const run::NearestPass *nearest_to(const outcome::CaseFinished &finished) const {
    for (const run::ScheduleFailure &failure : explored_.failures)
      if (failure.test_case->is(*finished.test_case)) return &failure.nearest;
    return nullptr;
  }

  void keep(const outcome::CaseFinished &finished) {
    std::string text = fmt::format("{}\n", finished.test_case->id);
    for (const std::string &line : finished.story->text) text += "  " + line + '\n';
    if (!finished.artifacts.empty()) {
      storage::write_file(finished.artifacts / "schedule.txt", plan::schedule_text(*finished.test_case->schedule));
      storage::write_file(finished.artifacts / "explanation.txt", text);
      text += fmt::format("  again: kmodtest replay {}\n", finished.artifacts.string());
    }
    text_ += text + '\n';
  }

  const run::Explored &explored_;
  std::vector<outcome::Listener *> others_;
  std::string text_;
};

struct ExploreCommand {
  RunCommand command;
  run::ExploreOptions options;
  double budget = 0;
  std::string strategy = "mixed";

  void add_to(CLI::App &app);
  int execute();

 private:
  int run_with(run::GuestPool &pool, const Cases &cases);
  int report(const run::Explored &explored, run::GuestPool &pool, const run::Prepare &prepare);
  void print_failures(const run::Explored &explored) const;
};

void ExploreCommand::add_to(CLI::App &app) {
  command.plans.add_to(app);
  app.add_option("--seeds", options.seeds, "schedules for each case (default: 200)")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}))
      ->type_name("N");
  app.add_option("--first-seed", options.first_seed, "the seed of the first schedule (default: 1)")->type_name("S");
  app.add_option("--time-budget", budget, "start no further schedule after so many seconds")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"m", 60}, {"h", 3600}}))
      ->check(CLI::PositiveNumber)
      ->type_name("SECONDS");
  app.add_flag("--until-failure", options.until_failure, "end a case with the first schedule that breaks it");
  app.add_option("--strategy", strategy, "how delays are chosen (default: mixed)")
      ->check(CLI::IsMember(run::strategy_names()))
      ->type_name("NAME");
  app.add_option("-j,--jobs", command.schedule.jobs,
                 "guests at once (default: as many as the machine has cores and memory for)")
      ->check(CLI::Range(1, 256))
      ->type_name("N");
  command.reports.add_to(app, false);
  app.add_option("--out", command.out, "keep a folder for every case (default: for those that fail, in the cache)")
      ->type_name("DIR");
  command.console.add_to(app);
}

int ExploreCommand::execute() {
  command.settle();
  Cases cases;
  if (const auto status = command.select(cases)) return *status;
  if (budget > 0) options.budget = outcome::Seconds(budget);
  options.strategy = run::strategy_named(strategy).value_or(run::Strategy::mixed);
  command.options.snapshots = true;
  command.options.hypervisor.allow_kvm = false;
  run::GuestPool pool = command.lasting_pool();
  if (!pool.hypervisor().emulator_help().memory_apart) {
    throw base::Error(base::Code::no_schedules,
                      "this QEMU cannot carry out schedules: " + pool.hypervisor().why_memory_is_not_apart(),
                      "install QEMU 10.0, built with plugins (Debian's is)");
  }
  return run_with(pool, cases);
}

int ExploreCommand::run_with(run::GuestPool &pool, const Cases &cases) {
  run::Preparer preparer(command.options.kernel, pool.options().cache, pool);
  preparer.check_kernels(cases);
  const run::Prepare prepare = [&preparer](const plan::Case &test_case) { return preparer.prepare(test_case); };
  std::FILE *out = command.console_file();
  LiveCount live(out, command.console.quiet || command.console.no_progress);
  run::RunOptions quick = command.options;
  quick.trace = false;
  run::Exploration exploration(options, quick, pool, prepare,
                               [&live](const run::ExploreCounts &counts) { live.show(counts); });
  const run::Explored explored = exploration.run(cases);
  live.clear();
  fmt::print(out, "explored {}: {}\n", counted(cases.size(), "case"), counts_line(explored.counts));
  print_failures(explored);
  if (explored.interrupted) {
    pool.finish(pool.clear());
    return static_cast<int>(run::ExitCode::interrupted);
  }
  const int status = report(explored, pool, prepare);
  pool.finish(pool.clear());
  return status;
}

void ExploreCommand::print_failures(const run::Explored &explored) const {
  std::FILE *out = command.console_file();
  for (const run::ScheduleFailure &failure : explored.failures) {
    if (failure.seed == 0) {
      fmt::print(out, "  {} fails without any schedule\n    {}\n", failure.test_case->id, failure.kind);
      continue;
    }
    fmt::print(out, "  {} fails by seed {} (schedule {}, after {:.1f} s), by {} of its {}\n    {}\n",
               failure.test_case->id, failure.seed, failure.schedules, failure.after.count(),
               failure.test_case->schedule->size(), counted(failure.delays, "delay"), failure.kind);
  }
}

/// Runs each failing schedule once more, and each other case as it is, for the outputs that the options ask for.
int ExploreCommand::report(const run::Explored &explored, run::GuestPool &pool, const run::Prepare &prepare) {
  Cases cases = explored.passed;
  for (const run::ScheduleFailure &failure : explored.failures) cases.push_back(failure.test_case);
  run::RunOptions told = command.options;
  told.as_given = true;
  const Listeners owned = command.listeners(told, cases);
  std::vector<outcome::Listener *> all;
  for (const auto &listener : owned) all.push_back(listener.get());
  Explainer explainer(explored, std::move(all));
  const run::RunResult result = run::Runner(told, {&explainer}).run(cases, pool, prepare);
  std::FILE *out = command.console_file();
  fmt::print(out, "{}{}", explainer.text().empty() ? "" : "\n", explainer.text());
  const int status = static_cast<int>(run::exit_code(result));
  if (status != 0 || explored.failures.empty()) return status;
  fmt::print(out, "a failing schedule passed when it was run again: another program has changed the guest or QEMU\n");
  return static_cast<int>(run::ExitCode::some_did_not_pass);
}

}  // namespace

std::function<int()> add_explore(CLI::App &app) {
  auto command = std::make_shared<ExploreCommand>();
  command->add_to(app);
  return [command] { return command->execute(); };
}

}  // namespace kmodtest::cli
