// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "run/select/history.hpp"
#include "run/select/shard.hpp"

namespace kmodtest::shards {

using Cases = std::vector<std::shared_ptr<const plan::Case>>;

/// A shard, and what it knows of the cases of all shards.
struct Split {
  run::Shard shard;
  Cases all;             ///< in the order of the plans
  run::ShardCases mine;  ///< those of this shard, and who has the others
  std::string plans;     ///< digest of all selected cases and of the content of their plans
};

/// Splits the cases by the history.
Split split_cases(Cases all, const run::Shard &shard, const run::History &history);

/// Puts the cases of a shard into the opposite of the order in which a run takes them (run::Schedule::longest_first).
void turn_around(Split &split, const run::History &history);

/// Returns a list of cases as a file of records, for results: those of this shard and of the next kListedShards - 1
/// ones. So a merge can name the cases of missing shards, and a thousand shards do not keep a thousand lists of
/// everything. `root`: see ResultsOptions.
std::string case_list(const Split &split, const std::string &root = {});
inline constexpr int kListedShards = 16;

}  // namespace kmodtest::shards
