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
  int rounds = 60;                   ///< measurements per figure; dear ones are repeated less often
  bool long_run = false;             ///< 1000 cases, too
  std::filesystem::path vng_kernel;  ///< for virtme-ng; empty: the kernel that runs here
};

/// What all measurements share: the program, a folder for inputs, and a runtime folder that no other kmodtest uses.
class Bench {
 public:
  explicit Bench(Options options);

  const Options &options() const { return options_; }
  const std::filesystem::path &scratch() const { return scratch_.path(); }
  /// `rounds`, but not more than `most`.
  int rounds(int most) const;
  /// A plan of the plans' folder, e.g. "ex7_1".
  std::string plan(const std::string &name) const;

  /// `kmodtest run` with these arguments.
  ToolRun run(const std::vector<std::string> &arguments, Watch watch = Watch::controller) const;
  /// The same, where a figure would say nothing unless all cases passed. Throws std::runtime_error then.
  ToolRun passing(const std::vector<std::string> &arguments, Watch watch = Watch::controller) const;
  /// The same of a store that has every guest: a boot in it is an error, too.
  ToolRun warm(const std::vector<std::string> &arguments, Watch watch = Watch::controller) const;

  /// All plans with 1, 2 and 4 CPUs on that many guests at once, warm; run once, whoever asks.
  const ToolRun &testplans(int jobs);

  struct Remains {
    std::size_t files = 0;
    std::size_t processes = 0;
  };
  /// What the runs so far left in the runtime folder, and processes that have to do with it.
  Remains remains() const;

 private:
  Options options_;
  ScratchFolder scratch_;
  ScratchFolder runtime_;
  std::map<int, ToolRun> testplans_;  ///< by guests at once
};

/// One figure of each case, e.g. "boot".
std::vector<double> figures(const ToolRun &run, const std::string &timing);
/// Seconds of each case.
std::vector<double> took(const ToolRun &run);
std::size_t passed(const ToolRun &run);
/// "3 of 3": what a wall time is worth.
std::string passed_of(const ToolRun &run);

}  // namespace kmodtest::bench
