// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/explore/minimiser.hpp"

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <set>

namespace kmodtest::run {
namespace {

plan::Schedule with_holds(std::initializer_list<std::uint64_t> addresses) {
  plan::Schedule schedule;
  for (const std::uint64_t address : addresses) {
    plan::Schedule::Hold hold;
    hold.offset = address;
    schedule.holds.push_back(hold);
  }
  return schedule;
}

std::set<std::uint64_t> addresses_of(const plan::Schedule &schedule) {
  std::set<std::uint64_t> addresses;
  for (const auto &hold : schedule.holds) addresses.insert(hold.offset);
  return addresses;
}

struct Minimised {
  plan::Schedule best;
  std::size_t runs = 0;
};

/// Minimises with a module that fails if all of `needed` are delayed.
Minimised minimise(const plan::Schedule &from, const std::set<std::uint64_t> &needed) {
  Minimiser minimiser(from);
  std::size_t runs = 0;
  for (auto candidates = minimiser.candidates(); !candidates.empty(); candidates = minimiser.candidates()) {
    std::vector<bool> fails;
    for (const auto &candidate : candidates) {
      const auto has = addresses_of(candidate);
      fails.push_back(std::includes(has.begin(), has.end(), needed.begin(), needed.end()));
    }
    runs += fails.size();
    minimiser.answer(fails);
  }
  return {minimiser.best(), runs};
}

TEST(Minimiser, FindsTheOneDelayThatMatters) {
  const Minimised found = minimise(with_holds({1, 2, 3, 4, 5}), {4});
  EXPECT_EQ(addresses_of(found.best), std::set<std::uint64_t>{4});
  EXPECT_EQ(found.runs, 5);
}

TEST(Minimiser, FindsSeveralThatMatterTogether) {
  EXPECT_EQ(addresses_of(minimise(with_holds({1, 2, 3, 4, 5}), {2, 5}).best), (std::set<std::uint64_t>{2, 5}));
  EXPECT_EQ(addresses_of(minimise(with_holds({1, 2}), {2}).best), std::set<std::uint64_t>{2});
}

TEST(Minimiser, KeepsWhatCannotBeSmaller) {
  EXPECT_EQ(addresses_of(minimise(with_holds({1, 2, 3}), {1, 2, 3}).best), (std::set<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(minimise(with_holds({1}), {1}).runs, 0);
}

TEST(Minimiser, LeavesOutDelaysOfStepsToo) {
  plan::Schedule schedule = with_holds({1, 2});
  schedule.delays = {{1, std::chrono::microseconds(5)}, {2, std::chrono::microseconds(5)}};
  const Minimised found = minimise(schedule, {1});
  EXPECT_EQ(found.best.size(), 1);
  EXPECT_TRUE(found.best.delays.empty());
}

}  // namespace
}  // namespace kmodtest::run
