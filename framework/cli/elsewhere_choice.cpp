// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/elsewhere_choice.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <memory>
#include <utility>

#include "base/error.hpp"
#include "report/listeners.hpp"
#include "shards/elsewhere.hpp"
#include "shards/manifest.hpp"
#include "shards/merge.hpp"
#include "storage/cache_folder.hpp"
#include "storage/files.hpp"

namespace kmodtest::cli {

namespace {

namespace fs = std::filesystem;

constexpr int kMostShardsElsewhere = 1'000;
constexpr int kShardsByDefault = 64;
constexpr std::size_t kNameDigits = 8;

/// The options that only this process uses.
const std::vector<std::string> kOwnOptions = {
    "--on",      "--shards", "--shared", "--history",     "--junit",    "--ktap",           "--json",  "--markdown",
    "--html",    "--out",    "--color",  "--no-progress", "--ordered",  "--failure-output", "--quiet", "--verbose",
    "--timings", "--slow",   "--help",   "--flaky-fails", "--coverage", "--coverage-min"};

void check_options(const CLI::App &app) {
  for (const char *other :
       {"--shard", "--results", "--resume", "--attempt", "--gdb", "--pause-on-failure", "--fail-fast", "--fail-each"}) {
    if (app.count(other) == 0) continue;
    throw base::UsageError(base::Code::options_exclude, fmt::format("--on and {} cannot be used together", other));
  }
}

/// Copies what a history knows of the cases into one that fits every machine.
void copy_history(const run::History &from, const Cases &cases, const fs::path &file) {
  run::History to(file, fs::current_path());
  for (const auto &each : cases) {
    const run::CaseRecord *record = from.find(*each);
    if (record == nullptr) continue;
    const run::History::Time at{std::chrono::seconds(record->updated)};
    for (std::size_t index = 0; index < record->seconds.size(); ++index)
      to.add(*each, outcome::Seconds(record->seconds[index]), record->outcomes[index], at);
  }
  to.save();
}

/// A folder for the files of this run, which all machines see; removed at the end unless something went wrong.
struct JobFolder {
  fs::path path;
  bool keep = false;
  ~JobFolder() {
    std::error_code ignored;
    if (!keep) fs::remove_all(path, ignored);
  }
};

}  // namespace

void ElsewhereChoice::add_to(CLI::App &app) {
  app.add_option("--on", engine,
                 "run the cases in shards elsewhere: slurm, slurm:OPTION=VALUE,… (options of sbatch), or a command in "
                 "which {} stands for the script of a shard")
      ->type_name("ENGINE");
  app.add_option("--shards", shards, "with --on, how many shards (default: so that each has 30 s of work, at most 64)")
      ->check(CLI::Range(1, kMostShardsElsewhere))
      ->type_name("N");
  app.add_option("--shared", shared, "with --on, a folder that all machines share (default: in the cache)")
      ->type_name("DIR");
}

std::vector<std::string> parsed_words(const CLI::App &app, const std::vector<std::string> &except) {
  std::vector<std::string> words;
  std::vector<std::string> arguments;
  for (const CLI::Option *option : app.get_options()) {
    if (option->count() == 0) continue;
    const bool positional = option->get_positional();
    const std::string name = positional ? "" : option->get_name();
    if (std::find(except.begin(), except.end(), name) != except.end()) continue;
    const bool flag = option->get_items_expected_max() == 0;
    for (const std::string &value : option->results()) {
      if (positional) {
        arguments.push_back(value.starts_with('-') ? "./" + value : value);
      } else {
        words.push_back(flag ? name : name + "=" + value);
      }
    }
  }
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

int ElsewhereChoice::execute(RunCommand &command, const CLI::App &app) const {
  check_options(app);
  command.settle();
  Cases cases;
  if (const auto status = command.select(cases)) return *status;
  const std::string name = "kmodtest-" + shards::new_run_name().substr(0, kNameDigits);
  JobFolder folder{fs::absolute(shared.empty() ? storage::cache_folder() / "jobs" : shared) / name};
  shards::ElsewhereOptions options;
  options.folder = folder.path;
  options.shards = std::min(shards > 0 ? shards : kShardsByDefault, static_cast<int>(cases.size()));
  if (shards == 0 || engine.starts_with("slurm"))
    options.shards = shards::worthwhile_shards(cases, *command.options.history, options.shards);
  storage::make_folder(folder.path);
  copy_history(*command.options.history, cases, folder.path / "history.json");
  options.command = {fs::read_symlink("/proc/self/exe").string(), "run", "--history",
                     (folder.path / "history.json").string(), "--quiet"};
  if (!command.reports.html.empty()) options.command.emplace_back("--trace");
  // Each shard measures; what it writes there itself is not used.
  if (!command.reports.coverage.empty())
    options.command.insert(options.command.end(), {"--coverage", (folder.path / "coverage").string()});
  const auto words = parsed_words(app, kOwnOptions);
  options.command.insert(options.command.end(), words.begin(), words.end());

  const auto launcher = shards::make_launcher(engine, name, folder.path);
  auto reports = command.reports.make(cases, command.options.repeats);
  const auto console = report::make_console(command.console.options(command.console_file(), false));
  const auto once = shards::make_once(*console);
  once->on(outcome::RunStarted{.cases = cases.size(),
                               .workers = options.shards,
                               .hypervisor = engine,
                               .repeats = command.options.repeats,
                               .shuffle_seed = command.options.shuffle_seed});
  const shards::Elsewhere came = shards::run_elsewhere(*launcher, options, *once);
  folder.keep = !came.problems.empty() || came.interrupted;
  if (came.results.empty()) {
    if (came.interrupted) throw base::Interrupted();
    throw base::Error(base::Code::shard_lost, came.problems.empty() ? "no shard ran" : came.problems.front(),
                      "the log of a shard shows why");
  }
  shards::MergeOptions merge_options;
  merge_options.interrupted = came.interrupted;
  merge_options.history = command.options.history;
  merge_options.keys_by_path = true;
  merge_options.folders =
      command.out.empty() ? report::next_failure_folder(storage::cache_folder() / "failed") : command.out;
  report::prepare_artifacts_folder(merge_options.folders);
  auto found = shards::find_results(came.results);
  shards::check_one_run(found, kVersion);
  shards::Merge merge(std::move(found), std::move(merge_options));
  std::vector<outcome::Listener *> listeners = {once.get()};
  for (const auto &each : reports) listeners.push_back(each.get());
  return command.reports.status_of(run::exit_code(merge.tell(listeners), command.options.flaky_fails));
}

}  // namespace kmodtest::cli
