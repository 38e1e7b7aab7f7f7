// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kernel/code/module_code.hpp"
#include "kernel/modules/module_info.hpp"
#include "observe/coverage.hpp"
#include "plan/plan.hpp"
#include "run/coverage/coverage_file.hpp"
#include "run/coverage/loads.hpp"

namespace kmodtest::run {

/// What a guest executed in a case.
struct CodeRun {
  CodeCounts counts;
  std::vector<LoadEvent> events;
};

/// Finds out which lines of the modules under test a case executed. Reads each module's debug information once. Several
/// threads can use it.
class CoverageMeter {
 public:
  /// Reads the modules ahead. Never throws: what cannot be read is noted.
  void read(const plan::Case &test_case, const std::vector<kernel::ModuleInfo> &modules);

  /// Returns the coverage of a case. All lines of its modules are in it, also of those that were never loaded.
  observe::Coverage measure(const plan::Case &test_case, const std::vector<kernel::ModuleInfo> &modules,
                            const CodeRun &seen);

 private:
  struct Module {
    kernel::ModuleCode code;
    std::vector<std::string> paths;  ///< of the code's files: where the sources are
    std::string problem;             ///< why there are no lines; empty: there are
  };
  std::shared_ptr<const Module> module_of(const plan::Case &test_case, const kernel::ModuleInfo &info);
  static Module read_module(const plan::Case &test_case, const kernel::ModuleInfo &info);
  static void add_counts(const Module &module, const PlacedCounts &counts, observe::Coverage &coverage);

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Module>> modules_;
};

}  // namespace kmodtest::run
