// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "outcome/event.hpp"

/// What makes the folder of a case explain itself, and lets the case run again from it alone.
namespace kmodtest::report {

/// What case.json says: all that it takes to run the case again.
struct Bundle {
  std::filesystem::path plan;  ///< absolute; the modules lie beside it
  std::string kernel;          ///< for --kernel, where the plan cannot say it; else empty
  std::filesystem::path modules_dir, headers;
  std::uint64_t seed = 0;
  bool allow_kvm = true;
  bool trace = false;
  std::string digest;  ///< of the run that made it; empty: it had none
};

/// Adds to the folder of a case: case/ (the plan of just this case with its modules, where there are any),
/// case.json, about.txt and, from the files that are there by then, README.txt. Throws base::Error.
void write_bundle(const std::filesystem::path &folder, const outcome::CaseFinished &finished,
                  const std::string &version);

/// Throws base::UsageError for a folder that has none, or one that cannot be run again.
Bundle read_bundle(const std::filesystem::path &folder);

}  // namespace kmodtest::report
