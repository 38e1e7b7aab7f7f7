// SPDX-License-Identifier: GPL-2.0-or-later
#include "bench.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <stdexcept>
#include <unistd.h>
#include <utility>

#include "processes.hpp"
#include "statistics.hpp"

namespace kmodtest::bench {

namespace fs = std::filesystem;

namespace {

/// Returns the parent of kmodtest's default runtime folder, because its file system matters: guests' snapshots are
/// linked or copied there.
fs::path runtime_parent() {
  if (const char *wanted = std::getenv("KMODTEST_RUNTIME"); wanted != nullptr && *wanted != '\0') {
    return fs::absolute(wanted).parent_path();
  }
  const char *runtime = std::getenv("XDG_RUNTIME_DIR");
  if (geteuid() != 0 && runtime != nullptr && access(runtime, W_OK | X_OK) == 0) return runtime;
  return "/tmp";
}

}  // namespace

Bench::Bench(Options options)
    : options_(std::move(options)), scratch_(fs::temp_directory_path()), runtime_(runtime_parent()) {
  // Set for every kmodtest started from here on, so that files in this folder belong to these runs alone.
  if (setenv("KMODTEST_RUNTIME", runtime_.path().c_str(), 1) != 0) throw std::runtime_error("cannot set a variable");
}

int Bench::rounds(int most) const {
  return std::min(options_.rounds, most);
}

std::string Bench::plan(const std::string &name) const {
  return (options_.testplans / (name + ".yaml")).string();
}

ToolRun Bench::run(const std::vector<std::string> &arguments, Watch watch) const {
  std::vector<std::string> words = {"run"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return run_tool(options_.kmodtest, std::move(words), scratch(), watch);
}

ToolRun Bench::passing(const std::vector<std::string> &arguments, Watch watch) const {
  ToolRun run = this->run(arguments, watch);
  if (run.exit_status != 0) throw std::runtime_error(fmt::format("exit {}:\n{}", run.exit_status, run.output));
  return run;
}

ToolRun Bench::warm(const std::vector<std::string> &arguments, Watch watch) const {
  ToolRun run = passing(arguments, watch);
  if (sum(figures(run, "boot")) > 0) {
    throw std::runtime_error("a guest was booted although its snapshot had just been made: is the cache too small?");
  }
  return run;
}

const ToolRun &Bench::testplans(int jobs) {
  const auto run_plans = [this](int guests) {
    return run({options_.testplans.string(), "--cpus", "1,2,4", "-j", std::to_string(guests)});
  };
  // The first run builds, boots and saves; it is not counted.
  if (testplans_.empty()) run_plans(2);
  const auto known = testplans_.find(jobs);
  return known != testplans_.end() ? known->second : testplans_.emplace(jobs, run_plans(jobs)).first->second;
}

Bench::Remains Bench::remains() const {
  Remains remains;
  for (const auto &entry : fs::recursive_directory_iterator(runtime_.path())) {
    // A copy of the emulator is kept on purpose if QEMU's user cannot reach the original.
    if (entry.path().extension() != ".emulator") ++remains.files;
  }
  remains.processes = processes_in(runtime_.path()).size();
  return remains;
}

std::vector<double> figures(const ToolRun &run, const std::string &timing) {
  std::vector<double> values;
  for (const CaseFigures &figures : run.cases) values.push_back(figures.timings.at(timing));
  return values;
}

std::vector<double> took(const ToolRun &run) {
  std::vector<double> values;
  for (const CaseFigures &figures : run.cases) values.push_back(figures.took);
  return values;
}

std::size_t passed(const ToolRun &run) {
  return static_cast<std::size_t>(std::count_if(
      run.cases.begin(), run.cases.end(), [](const CaseFigures &figures) { return figures.outcome == "passed"; }));
}

std::string passed_of(const ToolRun &run) {
  return fmt::format("{} of {}", passed(run), run.cases.size());
}

}  // namespace kmodtest::bench
