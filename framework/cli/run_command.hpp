// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/console_choice.hpp"
#include "cli/report_options.hpp"
#include "cli/schedule_options.hpp"
#include "report/listeners.hpp"
#include "run/runner.hpp"
#include "shards/results_writer.hpp"
#include "shards/split.hpp"

namespace kmodtest::cli {

using Cases = std::vector<std::shared_ptr<const plan::Case>>;
using Listeners = std::vector<std::unique_ptr<outcome::Listener>>;

/// The options of `run`, `watch` and `rerun`, and a run by them.
struct RunCommand {
  PlanOptions plans;
  ScheduleOptions schedule;
  ConsoleChoice console;
  run::RunOptions options;
  ReportOptions reports;
  std::filesystem::path out, history, results;
  int attempt = 1;
  bool resume = false;
  bool from_the_end = false;  ///< run the shard in the opposite order: another machine runs it, too
  std::string results_root;   ///< of a shard on a host of --on ssh (shards/moved_paths.hpp)
  std::string gdb;
  bool no_kvm = false;
  bool watches = false;
  bool fails_each = false;
  double boot_timeout = 0;
  outcome::Listener *witness = nullptr;  ///< one more listener; null: none

  /// Adds the options that the three commands share: everything except the plans.
  void add_to(CLI::App &app);
  /// Runs the selected cases once; returns the exit code.
  int execute();
  /// Puts the values of the command line into `options`.
  void settle();
  /// Reads the plans and selects the cases. Returns the exit code if there is nothing to run.
  std::optional<int> select(Cases &cases) const;
  /// Returns the listeners that the options ask for; sets in `told` where they keep the cases' folders.
  Listeners listeners(run::RunOptions &told, const Cases &cases) const;
  /// Returns a pool whose guests stay for the next run, as many as there are workers. Sets their number if it is open.
  run::GuestPool lasting_pool();
  std::FILE *console_file() const { return reports.on_standard_output() ? stderr : stdout; }

 private:
  void use_debugger(std::size_t cases);
  /// Lets the run use emulated guests, which an option needs.
  void emulate_for(const std::string &option);
  /// Runs a case for each call that can fail (fault_sweep.cpp).
  int sweep(const Cases &cases);
  /// Leaves the cases of one shard, and returns the listener that writes the results that --results asks for.
  std::unique_ptr<outcome::Listener> take_shard(const run::Shard &shard, Cases &cases);
};

/// Opens the history of --history: a file, or history.json in a folder. Its keys count from the current folder.
std::shared_ptr<run::History> open_history(const std::filesystem::path &file_or_folder);

}  // namespace kmodtest::cli
