// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kmodtest::base {

/// Options for starting a process, beyond its arguments.
struct ProcessOptions {
  std::filesystem::path directory = {};  ///< working directory; empty: that of kmodtest
  /// Changes to the environment of kmodtest: a value sets the variable, nullopt removes it.
  std::vector<std::pair<std::string, std::optional<std::string>>> environment = {};
  bool merge_output = false;  ///< standard error goes to `out` as well, in the order in which it was written
  /// Gets each piece of the standard output as soon as it is there.
  std::function<void(std::string_view)> on_output = {};
};

/// How a process ended, and its output.
struct ProcessResult {
  int exit_code = 0;  ///< its exit status, or 128 + the signal that ended it (as a shell reports it)
  std::string out;
  std::string err;
  bool ok() const { return exit_code == 0; }
};

/// Runs a program to its end, without a shell: `arguments[0]` is looked up in PATH (and in the sbin folders).
///
/// Its standard input is empty, its output is captured. It is killed when the calling thread ends (PR_SET_PDEATHSIG,
/// prctl(2)), so it never outlives kmodtest. Throws Error if it cannot be started, Interrupted if SIGINT ended it.
ProcessResult run_process(const std::vector<std::string> &arguments, const ProcessOptions &options = {});

/// Returns where run_process() finds a program of this name (without a slash): in PATH, then in the folders that are
/// not in an ordinary user's PATH.
std::optional<std::string> program_in_path(const std::string &name);

}  // namespace kmodtest::base
