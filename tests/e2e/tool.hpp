// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/scratch_folder.hpp"

/// The built kmodtest, controlled from outside like a user does.
namespace kmodtest::e2e {

namespace fs = std::filesystem;

using support::read_file;
using support::ScratchFolder;

/// Returns the CaseFinished events of a file of --json.
std::vector<nlohmann::json> finished_cases(const fs::path &events);

struct Ended {
  int exit_code = -1;  ///< 128 + N if signal N ended it
  std::string out;
  std::string err;
};

/// A kmodtest process (as `user`, if given; with the file `hidden` not executable for it, which requires root). It has
/// a runtime folder of its own, so that its guests can be recognised.
class Tool {
 public:
  using Environment = std::map<std::string, std::string>;

  explicit Tool(std::vector<std::string> arguments, Environment environment = {}, std::optional<uid_t> user = {},
                const fs::path &hidden = {});
  ~Tool();
  Tool(const Tool &) = delete;
  Tool &operator=(const Tool &) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Returns its standard output so far.
  std::string out() const;
  /// Waits for the end; kills the process after `deadline` and reports exit code -1.
  Ended wait(std::chrono::seconds deadline = std::chrono::seconds(120));
  /// Waits until this tool has a running guest, at most `deadline`.
  bool wait_for_guest(std::chrono::seconds deadline = std::chrono::seconds(60)) const;
  /// Returns the processes that belong to this tool's guests.
  std::vector<pid_t> guests() const;
  /// Waits until none is left; returns false if one still exists after `deadline`.
  bool guests_gone(std::chrono::milliseconds deadline) const;
  const fs::path &runtime_folder() const { return runtime_.path(); }

 private:
  ScratchFolder runtime_;
  ScratchFolder output_;
  pid_t pid_ = -1;
};

/// Returns whether our processes can mount things in a namespace of their own; root cannot in many containers.
bool may_mount();

/// Returns whether there is a gdb to drive.
bool has_gdb();

/// Runs kmodtest to its end.
Ended kmodtest(std::vector<std::string> arguments, Tool::Environment environment = {});

/// A cache without snapshots and without knowledge of QEMU. The kernel is named by its files, since a catalogue's
/// kernel belongs to one cache. Files that are named after their content are borrowed from the user's cache.
class BorrowedCache {
 public:
  BorrowedCache();
  /// Returns the arguments of a run of one of the kernel's own modules, which needs no building.
  std::vector<std::string> arguments() const;
  Tool::Environment environment() const { return {{"KMODTEST_CACHE", folder_.path()}}; }
  const fs::path &path() const { return folder_.path(); }

 private:
  ScratchFolder folder_;
  fs::path image_;
  fs::path modules_dir_;
};

/// Return folders of the source tree.
fs::path source_folder();
/// Return the file of a plan of testplans/, and of one of tests/e2e/plans, which take their modules from
/// faulty_modules().
fs::path plan_of(const std::string &name);
fs::path test_plan(const std::string &name);
fs::path faulty_modules();
/// Return the plans of a folder of the source tree, sorted by name, and the name that a test about one of them has.
std::vector<fs::path> plans_in(const std::string &folder);
std::string name_of_plan(const ::testing::TestParamInfo<fs::path> &info);

}  // namespace kmodtest::e2e
