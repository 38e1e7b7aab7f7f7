// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

/// One run of the kmodtest program, measured from outside.
namespace kmodtest::bench {

/// A case's figures as its CaseFinished event has them.
struct CaseFigures {
  std::string id;
  std::string outcome;
  double took = 0;                        ///< seconds
  std::map<std::string, double> timings;  ///< seconds: build, start, boot, push, steps, stop, guest
};

struct ToolRun {
  int exit_status = -1;
  double wall = 0;         ///< seconds
  long peak_kib = 0;       ///< resident memory of the controller alone: neither QEMU nor a compiler counts
  std::string hypervisor;  ///< in the tool's own words
  std::vector<CaseFigures> cases;
  std::string output;  ///< what it printed
};

/// Runs the program with the arguments plus --json and reads the events. Throws std::runtime_error when it cannot be
/// started or writes no events.
ToolRun run_tool(const std::filesystem::path &program, std::vector<std::string> arguments,
                 const std::filesystem::path &scratch);

}  // namespace kmodtest::bench
