// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "run/runner.hpp"
#include "run/select/shard.hpp"

namespace kmodtest::cli {

/// The options of run that control which cases run, when, and how often.
struct ScheduleOptions {
  int jobs = 0;
  std::optional<std::string> shard, repeat, shuffle, retries;
  bool fail_fast = false, flaky_fails = false, as_given = false;

  void add_to(CLI::App &app);

  /// Sets the runner's options. Throws base::UsageError for an invalid value.
  void apply_to(run::RunOptions &options) const;
  /// Returns the shard; nothing without --shard. Throws base::UsageError for an invalid value.
  std::optional<run::Shard> wanted_shard() const;
};

}  // namespace kmodtest::cli
