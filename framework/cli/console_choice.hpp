// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "report/listeners.hpp"

namespace kmodtest::cli {

/// The options of run that control the terminal output.
struct ConsoleChoice {
  bool verbose = false, quiet = false, ordered = false, timings = false, no_progress = false;
  std::string color = "auto";
  std::string failure_output = "final";
  double slow = 30;  ///< seconds

  void add_to(CLI::App &app);

  /// Returns the options of the environment, overridden by these. `waits_for_user`: no case counts as slow, because
  /// cases wait for the user.
  report::ConsoleOptions options(std::FILE *out, bool waits_for_user) const;
};

}  // namespace kmodtest::cli
