// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "inputs.hpp"
#include "tool_run.hpp"

namespace kmodtest::bench {

struct Options {
  std::filesystem::path kmodtest;
  std::filesystem::path testplans;
  int rounds = 60;                   ///< measurements per figure; expensive ones are repeated less often
  bool long_run = false;             ///< also 1000 cases
  std::filesystem::path vng_kernel;  ///< for virtme-ng; empty: the running one
};

/// Shared by all measurements: the program, a folder for inputs, and a runtime folder that no other kmodtest uses.
class Bench {
 public:
  explicit Bench(Options options);

  const Options &options() const { return options_; }
  const std::filesystem::path &scratch() const { return scratch_.path(); }
  /// Returns `rounds`, but at most `most`.
  int rounds(int most) const;
  /// Returns the path of a plan in the plans' folder, e.g. "ex7_1".
  std::string plan(const std::string &name) const;

  /// Runs `kmodtest run` with these arguments.
  ToolRun run(const std::vector<std::string> &arguments, Watch watch = Watch::controller) const;
  /// Runs `kmodtest run`, for figures that are only meaningful if all cases pass. Throws std::runtime_error if one does
  /// not.
  ToolRun passing(const std::vector<std::string> &arguments, Watch watch = Watch::controller) const;
  /// Runs `kmodtest run` from a store that has every guest: a boot is an error, too.
  ToolRun warm(const std::vector<std::string> &arguments, Watch watch = Watch::controller) const;

  /// Returns the run of all plans with 1, 2 and 4 CPUs on that many guests at once, warm; it is run only once.
  const ToolRun &testplans(int jobs);

  struct Remains {
    std::size_t files = 0;
    std::size_t processes = 0;
  };
  /// Returns what the runs so far left behind: files in the runtime folder, and processes that refer to it.
  Remains remains() const;

 private:
  Options options_;
  ScratchFolder scratch_;
  ScratchFolder runtime_;
  std::map<int, ToolRun> testplans_;  ///< by guests at once
};

/// Returns one figure of each case, e.g. "boot".
std::vector<double> figures(const ToolRun &run, const std::string &timing);
/// Returns the seconds of each case.
std::vector<double> took(const ToolRun &run);
std::size_t passed(const ToolRun &run);
/// Returns "3 of 3": a wall time is only meaningful if all passed.
std::string passed_of(const ToolRun &run);

}  // namespace kmodtest::bench
