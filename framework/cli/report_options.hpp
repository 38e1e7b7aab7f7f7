// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include <CLI/CLI.hpp>

#include "report/listeners.hpp"

namespace kmodtest::cli {

/// The options of `run` and `rerun` that name output files.
struct ReportOptions {
  std::filesystem::path junit, json, ktap, markdown, html, scores;

  void add_to(CLI::App &app);

  /// Returns whether one of them is standard output, which the console then does not use. Throws base::UsageError when
  /// two are.
  bool on_standard_output() const;

  /// Creates the listeners that write the files, for a run of these cases in the order of the plans, each `repeats`
  /// times. Throws base::Error when a file cannot be written.
  std::vector<std::unique_ptr<outcome::Listener>> make(const std::vector<std::shared_ptr<const plan::Case>> &cases,
                                                       int repeats) const;
};

}  // namespace kmodtest::cli
