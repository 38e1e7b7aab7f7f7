// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/explore/strategies.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "wire/kernel_addresses.hpp"

namespace kmodtest::run {
namespace {

constexpr std::uint64_t kBase = wire::kModulesBegin + 0x3000;

/// A module of 40 instructions: a loop that executes ten of them 1000 times, one access to shared memory, one call.
Profile sample() {
  Profile profile;
  for (std::uint64_t i = 0; i < 40; ++i) {
    profile.code.push_back({.address = kBase + 4 * i,
                            .times = i >= 10 && i < 20 ? 1000u : 2u,
                            .flags = i == 15   ? std::uint32_t{wire::kCodeShared}
                                     : i == 30 ? std::uint32_t{wire::kCodeCalls}
                                               : 0u,
                            .order = static_cast<std::uint32_t>(i)});
  }
  profile.thread_starts = {kBase, kBase + 80};
  profile.actions = {1, 4};
  return profile;
}

const wire::CodeSeen &code_of(const Profile &profile, const plan::Schedule::Hold &hold) {
  return *std::find_if(profile.code.begin(), profile.code.end(),
                       [&hold](const wire::CodeSeen &code) { return code.address == hold.offset; });
}

std::set<std::uint64_t> places_of(Strategy strategy) {
  std::set<std::uint64_t> places;
  for (std::uint64_t seed = 1; seed <= 300; ++seed)
    for (const auto &hold : schedule_of(sample(), seed, strategy).holds) places.insert((hold.offset - kBase) / 4);
  return places;
}

TEST(Strategies, ASeedAlwaysGivesTheSameSchedule) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    EXPECT_EQ(schedule_of(sample(), seed), schedule_of(sample(), seed));
  }
}

TEST(Strategies, SeedsGiveDifferentSchedules) {
  std::set<std::string> texts;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) texts.insert(plan::schedule_text(schedule_of(sample(), seed)));
  EXPECT_GT(texts.size(), 95);
}

TEST(Strategies, EveryScheduleDelaysSomethingThatWasExecuted) {
  const Profile profile = sample();
  for (const std::string &name : strategy_names()) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
      const plan::Schedule schedule = schedule_of(profile, seed, *strategy_named(name));
      EXPECT_TRUE(name == "steps" || schedule.size() > 0) << name << seed;
      EXPECT_LE(schedule.holds.size(), 6) << name << seed;
      for (const auto &hold : schedule.holds) {
        EXPECT_GE(hold.time, 1);
        EXPECT_LE(hold.time, code_of(profile, hold).times);
        EXPECT_LT(hold.wait, std::chrono::milliseconds(33));
      }
      for (const auto &delay : schedule.delays) EXPECT_TRUE(delay.step == 1 || delay.step == 4);
    }
  }
}

TEST(Strategies, SharedTakesTheAccessesTheInstructionsAfterThemAndTheCalls) {
  EXPECT_EQ(places_of(Strategy::shared), (std::set<std::uint64_t>{15, 16, 30}));
}

TEST(Strategies, PlacesTakesEveryInstruction) {
  EXPECT_EQ(places_of(Strategy::places).size(), 40);
}

TEST(Strategies, MomentsTakesLoopsMost) {
  std::size_t in_loop = 0, all = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    for (const auto &hold : schedule_of(sample(), seed, Strategy::moments).holds) {
      ++all;
      if (code_of(sample(), hold).times == 1000) ++in_loop;
    }
  }
  EXPECT_GT(in_loop * 10, all * 9);
}

TEST(Strategies, WaitsAreOfEveryMagnitude) {
  std::set<int> magnitudes;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    for (const auto &hold : schedule_of(sample(), seed, Strategy::places).holds) {
      int magnitude = 0;
      for (auto wait = hold.wait.count(); wait > 0; wait /= 2) ++magnitude;
      magnitudes.insert(magnitude);
    }
  }
  EXPECT_EQ(magnitudes.size(), 16);  // 0, and 1 µs to 32 ms
}

TEST(Strategies, AProfileGrowsWithWhatOtherRunsExecute) {
  Profile profile = sample();
  const wire::CodeSeen known{.address = kBase, .times = 9, .flags = wire::kCodeShared, .order = 0};
  const wire::CodeSeen fresh{.address = kBase + 400, .times = 1, .flags = wire::kCodeCalls, .order = 1};
  add_to(profile, {known, fresh}, {{.stack = 1, .first = kBase + 400, .instructions = 1, .cpu = 0}});
  ASSERT_EQ(profile.code.size(), 41);
  EXPECT_EQ(profile.code[0].times, 9);
  EXPECT_EQ(profile.code[0].flags, wire::kCodeShared);
  EXPECT_EQ(profile.code[40].address, kBase + 400);
  EXPECT_EQ(profile.thread_starts, (std::vector<std::uint64_t>{kBase, kBase + 80, kBase + 400}));
}

TEST(Strategies, AModuleThatExecutesNothingHasItsStepsDelayed) {
  Profile profile;
  profile.actions = {1, 2};
  bool any = false;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) any = any || !schedule_of(profile, seed).delays.empty();
  EXPECT_TRUE(any);
}

}  // namespace
}  // namespace kmodtest::run
