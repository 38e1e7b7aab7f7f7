// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/split.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "run/select/schedule.hpp"
#include "shards/case_codec.hpp"
#include "shards/moved_paths.hpp"
#include "shards/records.hpp"
#include "storage/digest.hpp"

namespace kmodtest::shards {

namespace {

/// Returns a digest that is equal on machines that select the same cases of the same plans, wherever the plans are.
std::string digest_of_plans(const Cases &cases) {
  std::map<std::filesystem::path, std::string> plans;
  std::multiset<std::string> lines;
  for (const auto &each : cases) {
    std::string &plan = plans[each->plan_file];
    if (plan.empty() && !each->plan_file.empty()) plan = storage::sha256_file(each->plan_file);
    lines.insert(fmt::format("{}\n{}\n{}", each->id, each->plan_name, plan));
  }
  storage::Sha256 digest;
  for (const std::string &line : lines) digest.field(line);
  return digest.hex();
}

/// Returns what is kept of a case that has no result yet.
plan::Case outline_of(const plan::Case &whole) {
  plan::Case outline;
  outline.plan_name = whole.plan_name;
  outline.tags = whole.tags;
  outline.id = whole.id;
  outline.point = whole.point;
  outline.plan_file = whole.plan_file;
  outline.input = whole.input;
  outline.guest = whole.guest;
  outline.kernel = whole.kernel;
  outline.options = whole.options;
  return outline;
}

}  // namespace

Split split_cases(Cases all, const run::Shard &shard, const run::History &history) {
  Split split;
  split.shard = shard;
  split.mine = run::cases_of_shard(all, shard, history);
  split.plans = digest_of_plans(all);
  split.all = std::move(all);
  return split;
}

void turn_around(Split &split, const run::History &history) {
  run::ShardCases &mine = split.mine;
  std::vector<std::size_t> order(mine.cases.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<std::optional<outcome::Seconds>> expected;
  expected.reserve(mine.cases.size());
  for (const auto &test_case : mine.cases) expected.push_back(history.expected(*test_case));
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return run::comes_earlier(expected[a], expected[b]); });
  std::reverse(order.begin(), order.end());
  const run::ShardCases before = mine;
  for (std::size_t place = 0; place < order.size(); ++place) {
    mine.cases[place] = before.cases[order[place]];
    mine.numbers[place] = before.numbers[order[place]];
  }
}

std::string case_list(const Split &split, const std::string &root) {
  std::string list;
  for (std::size_t index = 0; index < split.all.size(); ++index) {
    const int shard = split.mine.shard_of[index];
    const int distance = (shard - split.shard.number + split.shard.of) % split.shard.of;
    if (distance >= kListedShards) continue;
    ListedCase listed;
    listed.number = index;
    listed.test_case = without_root(outline_of(*split.all[index]), root);
    listed.shard = static_cast<std::uint32_t>(shard);
    list += pack_record(RecordKind::listed, encode(listed));
  }
  return list;
}

}  // namespace kmodtest::shards
