// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "run/runner.hpp"
#include "run/select/shard.hpp"

namespace kmodtest::cli {

/// The options of run that say which cases run, when, and how often.
struct ScheduleOptions {
  int jobs = 0;
  std::optional<std::string> shard, repeat, shuffle, retries;
  bool fail_fast = false, flaky_fails = false, as_given = false;

  void add_to(CLI::App &app);

  /// Lays them over what the runner is told. Throws base::UsageError for a value that is none.
  void apply_to(run::RunOptions &options) const;
  /// Nothing without --shard. Throws base::UsageError for a value that is none.
  std::optional<run::Shard> wanted_shard() const;
};

}  // namespace kmodtest::cli
