// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/node_cache.hpp"
#include "cli/run_command.hpp"

namespace kmodtest::cli {

/// The options of `run` that run its shards elsewhere.
struct ElsewhereChoice {
  std::string engine;
  int shards = 0;
  std::filesystem::path shared;
  NodeCache node_cache;

  void add_to(CLI::App &app);
  /// Runs the cases of `command` in shards, and merges their results. `app` has parsed the command line. Returns the
  /// exit code.
  int execute(RunCommand &command, const CLI::App &app) const;

 private:
  void check_node_cache() const;
  /// Makes the folder of a run. Throws base::Error.
  void make_shared_folder(const std::filesystem::path &folder) const;
  /// Returns into how many shards the cases are split; `hosts` 0: not on hosts.
  int shards_for(const Cases &cases, const run::History &history, std::size_t hosts) const;
};

/// Returns the options and arguments that `app` has parsed, as words of a command line, except for those of these
/// names.
std::vector<std::string> parsed_words(const CLI::App &app, const std::vector<std::string> &except);

}  // namespace kmodtest::cli
