// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "outcome/event.hpp"
#include "run/select/history.hpp"
#include "shards/split.hpp"

namespace kmodtest::shards {

/// Where a shard writes its results, and how it ran.
struct ResultsOptions {
  std::filesystem::path path;  ///< a folder, or an archive (.tar.zst)
  std::string version;         ///< of kmodtest
  int attempt = 1;             ///< of this shard; counts from 1
  bool resume = false;         ///< keep the results that are there, of a run that died
  int repeats = 1, retries = 0;
  std::optional<std::uint64_t> shuffle_seed;
  std::string root;  ///< is removed from the front of paths in the results (moved_paths.hpp)
};

/// Drops the cases from `split.mine` that have results in the folder already. Returns how many these are. Throws
/// base::UsageError if the folder has results of another split or program.
std::size_t leave_out_finished(Split &split, const ResultsOptions &options);

/// Writes the results of a shard as its cases finish: a folder with manifest.json, the list of all cases, a file of
/// finished cases for each attempt, and the folders of those cases that have one (CaseFinished::artifacts). So a shard
/// that dies loses only what had not finished. An archive is packed at the end. Add this listener behind the one that
/// writes the cases' folders. Throws base::Error that names the results if they cannot be written, at once as well as
/// later.
std::unique_ptr<outcome::Listener> make_results(ResultsOptions options, const Split &split,
                                                std::shared_ptr<const run::History> history);

}  // namespace kmodtest::shards
