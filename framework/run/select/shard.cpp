// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/select/shard.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <set>

#include "storage/digest.hpp"

namespace kmodtest::run {

namespace {

constexpr std::size_t kSplitDigits = 8;  ///< of the split's digest, shown: enough to see that two differ

/// Returns an id that distinguishes cases with one id if plans with one name are in several folders; it does not
/// contain the folders' own place, which differs between machines.
std::string shard_id(const plan::Case &test_case) {
  return fmt::format("{}\n{}", test_case.id, test_case.plan_name);
}

/// Returns a digest that is equal for all shards of one run.
std::string digest_of(const std::vector<ShardItem> &items, const std::vector<int> &shard_of) {
  std::multiset<std::string> lines;
  for (std::size_t index = 0; index < items.size(); ++index) {
    lines.insert(fmt::format("{}\n{}", items[index].id, shard_of[index]));
  }
  storage::Sha256 digest;
  for (const std::string &line : lines) digest.field(line);
  return digest.hex();
}

}  // namespace

std::vector<int> split(const std::vector<ShardItem> &items, int shards) {
  std::vector<std::size_t> known;
  std::vector<std::size_t> unknown;
  for (std::size_t index = 0; index < items.size(); ++index) {
    (items[index].expected ? known : unknown).push_back(index);
  }
  std::stable_sort(known.begin(), known.end(), [&](std::size_t left, std::size_t right) {
    const ShardItem &first = items[left];
    const ShardItem &second = items[right];
    if (*first.expected != *second.expected) return *first.expected > *second.expected;
    return first.id < second.id;
  });
  std::stable_sort(unknown.begin(), unknown.end(),
                   [&](std::size_t left, std::size_t right) { return items[left].id < items[right].id; });

  std::vector<int> shard_of(items.size(), 1);
  std::vector<double> load(static_cast<std::size_t>(std::max(1, shards)), 0);
  for (const std::size_t index : known) {
    const auto least = std::min_element(load.begin(), load.end());
    *least += items[index].expected->count();
    shard_of[index] = static_cast<int>(least - load.begin()) + 1;
  }
  // If the number does not divide evenly, the shards with the least to do get one more.
  std::vector<std::size_t> turns(load.size());
  std::iota(turns.begin(), turns.end(), std::size_t{0});
  std::stable_sort(turns.begin(), turns.end(),
                   [&](std::size_t left, std::size_t right) { return load[left] < load[right]; });
  for (std::size_t place = 0; place < unknown.size(); ++place) {
    shard_of[unknown[place]] = static_cast<int>(turns[place % turns.size()]) + 1;
  }
  return shard_of;
}

ShardCases cases_of_shard(const std::vector<std::shared_ptr<const plan::Case>> &cases, const Shard &shard,
                          const History &history) {
  std::vector<ShardItem> items;
  items.reserve(cases.size());
  for (const auto &test_case : cases) items.push_back({shard_id(*test_case), history.expected(*test_case)});
  ShardCases mine;
  mine.shard_of = split(items, shard.of);
  for (std::size_t index = 0; index < cases.size(); ++index) {
    if (mine.shard_of[index] != shard.number) continue;
    mine.cases.push_back(cases[index]);
    mine.numbers.push_back(index);
  }
  mine.split = digest_of(items, mine.shard_of);
  mine.notice =
      fmt::format("shard {}/{} has {} of the {} selected cases (split {}: equal in all shards of a run)", shard.number,
                  shard.of, mine.cases.size(), cases.size(), mine.split.substr(0, kSplitDigits));
  return mine;
}

}  // namespace kmodtest::run
