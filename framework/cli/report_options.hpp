// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include <CLI/CLI.hpp>

#include "observe/coverage.hpp"
#include "report/listeners.hpp"
#include "run/exit_code.hpp"

namespace kmodtest::cli {

/// The options of `run` and `rerun` that name output files.
struct ReportOptions {
  std::filesystem::path junit, json, ktap, markdown, html, scores;
  std::filesystem::path coverage;                                                      ///< a folder
  double least_coverage = 0;                                                           ///< percent of the lines
  std::shared_ptr<observe::Coverage> covered = std::make_shared<observe::Coverage>();  ///< of the last run

  /// Adds the options; `coverage` only for commands with one run.
  void add_to(CLI::App &app, bool with_coverage = true);

  /// Returns whether one of them is standard output, which the console then does not use. Throws base::UsageError when
  /// two are.
  bool on_standard_output() const;

  /// Creates the listeners that write the files, for a run of these cases in the order of the plans, each `repeats`
  /// times. Throws base::Error when a file cannot be written.
  std::vector<std::unique_ptr<outcome::Listener>> make(const std::vector<std::shared_ptr<const plan::Case>> &cases,
                                                       int repeats) const;

  /// Returns the exit status of a run. If all its cases passed, but too few lines ran (--coverage-min), it prints an
  /// error and returns that of failures.
  int status_of(run::ExitCode status) const;

 private:
  void add_coverage_to(CLI::App &app);
};

}  // namespace kmodtest::cli
