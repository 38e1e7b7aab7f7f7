// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/elsewhere_choice.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <memory>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "cli/ssh_engine.hpp"
#include "report/listeners.hpp"
#include "run/select/collect.hpp"
#include "shards/elsewhere.hpp"
#include "shards/manifest.hpp"
#include "shards/merge.hpp"
#include "storage/cache_folder.hpp"
#include "storage/files.hpp"
#include "text/escape.hpp"

namespace kmodtest::cli {

namespace {

namespace fs = std::filesystem;

constexpr int kMostShardsElsewhere = 1'000;
constexpr int kShardsByDefault = 64;
constexpr int kShardsOfHost = 8;
constexpr outcome::Seconds kWorkOfHostsShard{5};  ///< a shard on a host starts within a second
constexpr std::size_t kNameDigits = 8;

/// The options that only this process uses.
const std::vector<std::string> kOwnOptions = {
    "--on",      "--shards", "--shared", "--node-cache",  "--history",  "--junit",          "--ktap",    "--json",
    "--html",    "--out",    "--color",  "--no-progress", "--ordered",  "--failure-output", "--quiet",   "--verbose",
    "--timings", "--slow",   "--help",   "--flaky-fails", "--coverage", "--coverage-min",   "--markdown"};

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

/// Fills in the words for machines that share the folder, and everything else but perhaps the cache, with this one.
void fill_shared(shards::ElsewhereOptions &options, const std::vector<std::string> &words, const NodeCache &cache) {
  const fs::path program = fs::read_symlink("/proc/self/exe");
  options.enter = "cd " + text::shell_word(fs::current_path().string());
  if (!cache.folder.empty()) options.enter += " && " + cache.enter(program, options.folder);
  options.there = text::shell_word(options.folder.string());
  std::vector<std::string> command = {program.string(), "run", "--history", (options.folder / "history.json").string(),
                                      "--quiet"};
  command.insert(command.end(), words.begin(), words.end());
  for (const std::string &word : command) options.command.push_back(text::shell_word(word));
}

/// Returns the cases of all plans, those that are not selected included: a host reads the whole plans.
Cases cases_of_all_plans(const RunCommand &command) {
  return run::select_cases(run::collect_plans(command.plans.inputs, command.plans.overrides()).plans, {});
}

/// Shows notices as those of the run.
class NoticesOfRun final : public base::NoticeSink {
 public:
  explicit NoticesOfRun(outcome::Listener &listener) : listener_(listener) {}
  void say(const std::string &text) override { listener_.on(outcome::Notice{text}); }

 private:
  outcome::Listener &listener_;
};

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
                 "run the cases in shards elsewhere: slurm, slurm:OPTION=VALUE,… (options of sbatch), ssh:HOST,HOST…, "
                 "or a command in which {} stands for the script of a shard")
      ->type_name("ENGINE");
  app.add_option("--shards", shards, "with --on, how many shards (default: so that each has enough work)")
      ->check(CLI::Range(1, kMostShardsElsewhere))
      ->type_name("N");
  app.add_option("--shared", shared, "with --on, a folder that all machines share (default: in the cache)")
      ->type_name("DIR");
  app.add_option("--node-cache", node_cache.folder,
                 "with --on, a folder on the own disk of each machine for what the cache has here (default: they share "
                 "the cache)")
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

int ElsewhereChoice::shards_for(const Cases &cases, const run::History &history, std::size_t hosts) const {
  const int cases_at_most = static_cast<int>(cases.size());
  if (hosts > 0) {
    // More shards than hosts: a fast host takes more of them, and little is left to wait for at the end.
    const int most = shards > 0 ? shards : static_cast<int>(hosts) * kShardsOfHost;
    return shards > 0 ? std::min(most, cases_at_most)
                      : shards::worthwhile_shards(cases, history, std::min(most, cases_at_most), kWorkOfHostsShard);
  }
  const int most = std::min(shards > 0 ? shards : kShardsByDefault, cases_at_most);
  const bool small_ones = shards > 0 && !engine.starts_with("slurm");
  return small_ones ? most : shards::worthwhile_shards(cases, history, most);
}

void ElsewhereChoice::make_shared_folder(const fs::path &folder) const {
  try {
    storage::make_folder(folder);
  } catch (const base::Error &error) {
    if (shared.empty()) throw;
    throw base::Error(error.code(), error.what(), "name a folder with --shared that you can write to");
  }
}

void ElsewhereChoice::check_node_cache() const {
  node_cache.check();
  if (node_cache.folder.empty() || !is_ssh_engine(engine)) return;
  throw base::UsageError(base::Code::options_exclude, "--on ssh and --node-cache cannot be used together",
                         "hosts have a cache of their own (KMODTEST_CACHE there)");
}

int ElsewhereChoice::execute(RunCommand &command, const CLI::App &app) const {
  check_options(app);
  command.settle();
  Cases cases;
  if (const auto status = command.select(cases)) return *status;
  std::optional<SshEngine> ssh;
  if (is_ssh_engine(engine)) ssh.emplace(engine, cases);
  check_node_cache();
  const std::string name = "kmodtest-" + shards::new_run_name().substr(0, kNameDigits);
  JobFolder folder{fs::absolute(shared.empty() ? storage::cache_folder() / "jobs" : shared) / name};
  auto launcher = ssh ? nullptr : shards::make_launcher(engine, name, folder.path);
  shards::ElsewhereOptions options;
  options.folder = folder.path;
  options.shards = shards_for(cases, *command.options.history, ssh ? ssh->hosts() : 0);
  make_shared_folder(folder.path);
  copy_history(*command.options.history, cases, folder.path / "history.json");
  std::vector<std::string> words = parsed_words(app, kOwnOptions);
  if (!command.reports.html.empty()) words.insert(words.begin(), "--trace");
  if (ssh) {
    ssh->fill(options, words);
  } else {
    fill_shared(options, words, node_cache);
  }
  // Each shard measures; what it writes there itself is not used.
  if (!command.reports.coverage.empty())
    options.command.insert(options.command.end(), {"--coverage", options.there + "/coverage"});
  auto reports = command.reports.make(cases, command.options.repeats);
  const auto console = report::make_console(command.console.options(command.console_file(), false));
  const auto once = shards::make_once(*console);
  const fs::path folders =
      command.out.empty() ? report::next_failure_folder(storage::cache_folder() / "failed") : command.out;
  report::prepare_artifacts_folder(folders);
  options.places = std::make_shared<shards::FolderPlaces>(folders);
  once->on(outcome::RunStarted{.cases = cases.size(),
                               .workers = options.shards,
                               .hypervisor = engine,
                               .repeats = command.options.repeats,
                               .shuffle_seed = command.options.shuffle_seed});
  NoticesOfRun notices(*once);
  if (!node_cache.folder.empty()) node_cache.pack(command, cases, folder.path, notices);
  if (ssh) launcher = ssh->launch(command, cases, cases_of_all_plans(command), name, folder.path, notices);
  const shards::Elsewhere came = shards::run_elsewhere(*launcher, options, *once);
  if (came.failure) {
    launcher->cancel();
  } else if (!came.interrupted) {
    launcher->finish();
  }
  folder.keep = !came.problems.empty() || came.interrupted;
  if (came.results.empty()) {
    if (came.interrupted) throw base::Interrupted();
    if (came.failure) std::rethrow_exception(came.failure);
    throw base::Error(base::Code::shard_lost, came.problems.empty() ? "no shard ran" : came.problems.front(),
                      "the log of a shard shows why, if the machines share its folder (--shared)");
  }
  shards::MergeOptions merge_options;
  merge_options.interrupted = came.interrupted;
  merge_options.shards_had_help = true;
  merge_options.history = command.options.history;
  merge_options.keys_by_path = true;
  merge_options.folders = folders;
  merge_options.places = options.places;
  auto [found, unreadable] = shards::find_results(came.results);
  merge_options.notices = std::move(unreadable);
  shards::check_one_run(found, kVersion);
  shards::Merge merge(std::move(found), std::move(merge_options));
  std::vector<outcome::Listener *> listeners = {once.get()};
  for (const auto &each : reports) listeners.push_back(each.get());
  return command.reports.status_of(run::exit_code(merge.tell(listeners), command.options.flaky_fails));
}

}  // namespace kmodtest::cli
