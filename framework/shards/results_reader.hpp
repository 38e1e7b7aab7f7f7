// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "shards/archive.hpp"
#include "shards/case_codec.hpp"
#include "shards/manifest.hpp"
#include "shards/split.hpp"

namespace kmodtest::shards {

/// The results of one run of a shard.
struct Results {
  std::filesystem::path path;  ///< a folder or an archive
  Manifest manifest;
};

/// Reads the manifest. Throws base::UsageError if these are not results, and base::Error (damaged_results) if too
/// little is left of them.
Results open_results(const std::filesystem::path &path);

struct FoundResults {
  std::vector<Results> all;
  std::vector<std::string> unreadable;  ///< a sentence with its code for each of which too little is left
};

/// Returns the results that the paths name: themselves, or everything below a folder that has none itself. Throws
/// base::UsageError for a path that has none, and base::Error (damaged_results) if none can be read.
FoundResults find_results(const std::vector<std::filesystem::path> &paths);

/// Throws base::UsageError if results are of another program, of other plans or of another split than `split`.
void check_same_run(const Results &results, const std::string &version, const Split &split);

/// Throws the same if two results do not belong to one run. `version` is that of this kmodtest.
void check_same_run(const Results &results, const std::string &version, const Results &first);

/// Receives what results contain. The order is that of the files: all cases before all folders.
struct ResultsSink {
  std::function<void(KeptCase kept)> take_case;
  std::function<void(const std::string &notice)> take_notice = [](const std::string &) {};
  /// A file of a case's folder: "folders/NAME/kmsg.log". Empty: skip them, and end behind the cases.
  std::function<void(const std::filesystem::path &name, std::uint32_t mode, const ReadBlock &read)> take_file = {};
};

/// Reads results to their end. Returns what is wrong with them, after everything that can be read has been passed on;
/// empty if nothing is.
std::string read_results(const Results &results, const ResultsSink &sink);

/// Passes on the list of cases, as far as it can be read.
void read_case_list(const Results &results, const std::function<void(ListedCase listed)> &take);

/// Returns the numbers of the cases that have results in a folder.
std::set<std::size_t> finished_in(const std::filesystem::path &folder);

}  // namespace kmodtest::shards
