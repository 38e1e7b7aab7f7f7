// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "outcome/event.hpp"
#include "plan/plan.hpp"
#include "run/select/history.hpp"

namespace kmodtest::run {

/// --shard K/N.
struct Shard {
  int number = 1;  ///< from 1
  int of = 1;
};

/// The properties of a case that affect the split into shards.
struct ShardItem {
  std::string id;
  std::optional<outcome::Seconds> expected;
};

/// Returns the shard (from 1) of each item. Items with a known time go, longest first, to the shard with the least to
/// do so far; the rest is dealt out by id, one to each shard in turn. Equal items give equal results; their order
/// matters only among those with one id.
std::vector<int> split(const std::vector<ShardItem> &items, int shards);

struct ShardCases {
  std::vector<std::shared_ptr<const plan::Case>> cases;  ///< in their original order
  std::vector<std::size_t> numbers;                      ///< their places among the cases of all shards
  std::vector<int> shard_of;                             ///< the shard of each case of all shards
  std::string split;                                     ///< digest of all cases and their shards
  /// "shard 2/4 has 10 of the 41 cases (split 3f2a1c…)": shards agree on the cases when they agree on the split.
  std::string notice;
};

/// Returns the cases of one shard. Each case is in exactly one of the shards as long as all of them have the same
/// history.
ShardCases cases_of_shard(const std::vector<std::shared_ptr<const plan::Case>> &cases, const Shard &shard,
                          const History &history);

}  // namespace kmodtest::run
