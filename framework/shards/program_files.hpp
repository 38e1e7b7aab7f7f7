// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "plan/plan.hpp"

/// The files that a host of --on ssh gets.
namespace kmodtest::shards {

/// Returns the files of this kmodtest that make one folder on another machine: name → file.
std::map<std::string, std::filesystem::path> program_files();

/// Returns a digest of these files.
std::string digest_of_files(const std::map<std::string, std::filesystem::path> &files);

/// Returns the files that cases are made from: plans, the sources of modules, modules, the files that they name. The
/// paths are absolute.
std::vector<std::filesystem::path> source_files(const std::vector<std::shared_ptr<const plan::Case>> &cases,
                                                const std::vector<std::filesystem::path> &inputs);

}  // namespace kmodtest::shards
