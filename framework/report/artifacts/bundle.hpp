// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "outcome/event.hpp"

/// Makes the folder of a case self-explanatory, and sufficient for running the case again.
namespace kmodtest::report {

/// The content of case.json: everything that is needed to run the case again.
struct Bundle {
  std::filesystem::path plan;  ///< absolute; the modules are next to it
  std::string kernel;          ///< for --kernel, if the plan cannot name it; else empty
  std::filesystem::path modules_dir, headers;
  std::uint64_t seed = 0;
  bool allow_kvm = true;
  bool check_memory = false;
  std::string check_races;  ///< plan::races_name()
  bool trace = false;
  std::string digest;  ///< of the run that wrote it; empty: it had none
};

/// Adds to the folder of a case: case/ (the plan of this case alone with its modules, if it has any), case.json,
/// about.txt, and README.txt about the files that exist by then. Throws base::Error.
void write_bundle(const std::filesystem::path &folder, const outcome::CaseFinished &finished,
                  const std::string &version);

/// Reads the bundle of a folder. Throws base::UsageError if the folder has none, or cannot be run again.
Bundle read_bundle(const std::filesystem::path &folder);

}  // namespace kmodtest::report
