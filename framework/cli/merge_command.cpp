// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "cli/command.hpp"
#include "cli/console_choice.hpp"
#include "cli/report_options.hpp"
#include "cli/run_command.hpp"
#include "report/listeners.hpp"
#include "shards/merge.hpp"
#include "storage/cache_folder.hpp"

namespace kmodtest::cli {

namespace {

struct MergeCommand {
  std::vector<std::filesystem::path> results;
  ReportOptions reports;
  ConsoleChoice console;
  std::filesystem::path out, history;
  bool flaky_fails = false;

  int execute() const;
  std::filesystem::path folders(const std::vector<shards::Results> &found) const;
};

/// Returns where the folders of cases go: folders of results stay, and archives are unpacked.
std::filesystem::path MergeCommand::folders(const std::vector<shards::Results> &found) const {
  const bool packed = std::any_of(found.begin(), found.end(),
                                  [](const shards::Results &each) { return shards::is_archive_name(each.path); });
  if (out.empty() && !packed) return {};
  auto place = out.empty() ? report::next_failure_folder(storage::cache_folder() / "failed") : out;
  report::prepare_artifacts_folder(place);
  return place;
}

int MergeCommand::execute() const {
  std::FILE *terminal = reports.on_standard_output() ? stderr : stdout;
  auto [found, unreadable] = shards::find_results(results);
  shards::check_one_run(found, kVersion);  // before anything is written
  shards::MergeOptions options;
  options.notices = std::move(unreadable);
  options.history = history.empty() ? nullptr : open_history(history);
  options.folders = folders(found);
  shards::Merge merge(std::move(found), std::move(options));
  ReportOptions others = reports;
  others.ktap.clear();
  auto owned = others.make({}, merge.repeats());
  if (!reports.ktap.empty())
    owned.push_back(report::make_ktap_of(reports.ktap, merge.names(), merge.repeats(), kVersion));
  owned.push_back(report::make_console(console.options(terminal, false)));
  std::vector<outcome::Listener *> listeners;
  listeners.reserve(owned.size());
  for (const auto &each : owned) listeners.push_back(each.get());
  return reports.status_of(run::exit_code(merge.tell(listeners), flaky_fails));
}

}  // namespace

std::function<int()> add_merge(CLI::App &app) {
  auto command = std::make_shared<MergeCommand>();
  app.add_option("results", command->results,
                 "results of shards (kmodtest run --results), or folders of them; the order does not matter")
      ->required()
      ->type_name("RESULTS");
  command->reports.add_to(app);
  app.add_option("--out", command->out, "put the folders of cases there (default: they stay, or go to the cache)")
      ->type_name("DIR");
  app.add_option("--history", command->history, "add the runs to this history, for the next split")
      ->type_name("FILE|DIR");
  app.add_flag("--flaky-fails", command->flaky_fails, "count flaky cases as not passed: exit 1");
  command->console.add_to(app);
  return [command] { return command->execute(); };
}

}  // namespace kmodtest::cli
