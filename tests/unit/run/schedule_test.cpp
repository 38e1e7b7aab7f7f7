// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/select/schedule.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace kmodtest::run {
namespace {

using Order = Schedule::Order;

/// A case "ID" of a group; seconds below 0: not known.
struct Wanted {
  std::string id, group;
  double seconds = -1;
};

std::vector<Entry> entries(const std::vector<Wanted> &wanted) {
  std::vector<Entry> made;
  for (const Wanted &each : wanted) {
    auto test_case = std::make_shared<plan::Case>();
    test_case->id = each.id;
    Entry entry;
    entry.test_case = test_case;
    entry.group = each.group;
    if (each.seconds >= 0) entry.expected = outcome::Seconds(each.seconds);
    entry.number = made.size();
    made.push_back(entry);
  }
  return made;
}

/// Returns the ids that one worker gets, in their order.
std::vector<std::string> order_of(Schedule schedule) {
  std::vector<std::string> ids;
  std::string group;
  while (const auto entry = schedule.next(group)) {
    ids.push_back(entry->test_case->id);
    group = entry->group;
  }
  return ids;
}

using Ids = std::vector<std::string>;

TEST(Schedule, TakesTheLongestFirstAndBeforeItWhatIsNotKnown) {
  EXPECT_EQ(order_of(Schedule(entries({{"a", "g", 1}, {"b", "g", 3}, {"c", "g"}, {"d", "g", 2}, {"e", "g"}}), 1,
                              Order::longest_first)),
            (Ids{"c", "e", "b", "d", "a"}));
}

TEST(Schedule, KeepsTheOrderOfThePlansWithoutHistory) {
  EXPECT_EQ(order_of(Schedule(entries({{"c", "g"}, {"a", "g"}, {"b", "g"}}), 1, Order::longest_first)),
            (Ids{"c", "a", "b"}));
}

TEST(Schedule, StaysWithAGuestUntilItsGroupIsEmptyThenGoesWhereMostIsLeft) {
  EXPECT_EQ(order_of(Schedule(entries({{"s1", "small", 2},
                                       {"l1", "large", 2},
                                       {"m1", "middle", 2},
                                       {"l2", "large", 2},
                                       {"m2", "middle", 2},
                                       {"l3", "large", 2}}),
                              1, Order::longest_first)),
            (Ids{"l1", "l2", "l3", "m1", "m2", "s1"}));
}

TEST(Schedule, AsGivenLooksNeitherAtHistoryNorAtGroups) {
  EXPECT_EQ(order_of(Schedule(entries({{"a", "g", 1}, {"b", "h", 3}, {"c", "g"}, {"d", "h", 9}}), 2, Order::as_given)),
            (Ids{"a", "b", "c", "d"}));
}

TEST(Schedule, WorkersSpreadOverTheGroups) {
  Schedule schedule(entries({{"a1", "a", 10},
                             {"a2", "a", 10},
                             {"a3", "a", 10},
                             {"a4", "a", 10},
                             {"b1", "b", 10},
                             {"b2", "b", 10},
                             {"b3", "b", 10}}),
                    2, Order::longest_first);
  // 30 s are left of a, but they are shared by two workers; b has 30 s for one.
  EXPECT_EQ(schedule.next("")->test_case->id, "a1");
  EXPECT_EQ(schedule.next("")->test_case->id, "b1");
  EXPECT_EQ(schedule.next("b")->test_case->id, "b2");
  EXPECT_EQ(schedule.next("a")->test_case->id, "a2");
  EXPECT_EQ(schedule.left(), 3U);
}

TEST(Schedule, ACaseThatDecidesWhenTheRunEndsIsTakenInTime) {
  // Staying in the large group would start the case of 30 s last: 20 s + 30 s instead of 35 s.
  std::vector<Wanted> wanted;
  for (int number = 0; number < 40; ++number) wanted.push_back({"many" + std::to_string(number), "many", 1});
  wanted.push_back({"long", "few", 30});
  Schedule schedule(entries(wanted), 2, Order::longest_first);
  std::vector<double> free_at(2, 0);
  std::vector<std::string> groups(2);
  double end = 0;
  while (schedule.left() > 0) {
    const auto worker = static_cast<std::size_t>(std::min_element(free_at.begin(), free_at.end()) - free_at.begin());
    const auto entry = schedule.next(groups[worker]);
    ASSERT_TRUE(entry.has_value());
    groups[worker] = entry->group;
    free_at[worker] += entry->expected->count();
    end = std::max(end, free_at[worker]);
  }
  EXPECT_EQ(end, 35);
}

TEST(Schedule, NothingComesAfterTheRestWasDropped) {
  Schedule schedule(entries({{"a", "g"}, {"b", "g"}}), 1, Order::longest_first);
  EXPECT_TRUE(schedule.next("").has_value());
  schedule.drop_rest();
  EXPECT_EQ(schedule.left(), 0U);
  EXPECT_FALSE(schedule.next("g").has_value());
}

TEST(Schedule, AnEmptyOneHasNothing) {
  Schedule schedule({}, 4, Order::longest_first);
  EXPECT_EQ(schedule.left(), 0U);
  EXPECT_FALSE(schedule.next("").has_value());
}

TEST(Schedule, EveryEntryComesOnce) {
  std::vector<Wanted> wanted;
  for (int number = 0; number < 200; ++number) {
    wanted.push_back({std::to_string(number), "g" + std::to_string(number % 7),
                      number % 3 == 0 ? -1.0 : static_cast<double>(number * 37 % 11)});
  }
  Schedule schedule(entries(wanted), 3, Order::longest_first);
  std::vector<std::string> groups(3);
  std::vector<std::size_t> numbers;
  for (std::size_t turn = 0; const auto entry = schedule.next(groups[turn % 3]); ++turn) {
    groups[turn % 3] = entry->group;
    numbers.push_back(entry->number);
  }
  std::sort(numbers.begin(), numbers.end());
  std::vector<std::size_t> all(200);
  for (std::size_t number = 0; number < all.size(); ++number) all[number] = number;
  EXPECT_EQ(numbers, all);
}

TEST(GuestGroup, DiffersWithWhateverMakesGuestsDiffer) {
  const plan::Case plain;
  std::vector<plan::Case> others(9);
  others[0].kernel = "debian-5.10-cloud";
  others[1].guest.cpus = 2;
  others[2].guest.sockets = 1;
  others[3].guest.cores = 1;
  others[4].guest.threads = 1;
  others[5].guest.memory_mib = 512;
  others[6].guest.channel = plan::Channel::serial;
  others[7].guest.numa = {{"0", 256}};
  others[8].guest.append = "panic=1";
  std::vector<std::string> groups = {guest_group(plain)};
  for (const plan::Case &other : others) groups.push_back(guest_group(other));
  std::sort(groups.begin(), groups.end());
  EXPECT_EQ(std::adjacent_find(groups.begin(), groups.end()), groups.end());

  plan::Case same;
  same.id = "another";
  same.modules.push_back({});
  EXPECT_EQ(guest_group(same), guest_group(plain));
}

TEST(Shuffle, DependsOnTheSeedAlone) {
  // Computed by an independent implementation of MT19937-64: equal on every machine and library.
  EXPECT_EQ(shuffled(10, 42), (std::vector<std::size_t>{1, 7, 9, 0, 3, 8, 4, 2, 5, 6}));
  EXPECT_EQ(shuffled(5, 0), (std::vector<std::size_t>{2, 0, 1, 3, 4}));
  EXPECT_EQ(shuffled(1, 7), (std::vector<std::size_t>{0}));
  EXPECT_TRUE(shuffled(0, 7).empty());
}

TEST(Shuffle, HasEveryNumberOnceAndEveryPlaceIsPossible) {
  std::vector<std::size_t> first_places(4);
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    auto order = shuffled(4, seed);
    ++first_places[order[0]];
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 3}));
  }
  for (const std::size_t times : first_places) EXPECT_GT(times, 60U);
}

TEST(Budget, GuestsThatFitIntoTheMemory) {
  EXPECT_EQ(guests_that_fit(1024 + 4 * (256 + 150), 256), 4);
  EXPECT_EQ(guests_that_fit(1024 + 4 * (256 + 150) - 1, 256), 3);
  EXPECT_EQ(guests_that_fit(1024, 256), 1);
  EXPECT_EQ(guests_that_fit(0, 256), 1);
  EXPECT_EQ(guests_that_fit(2000, 100'000), 1);
}

TEST(Budget, WorkersAreLimitedByCoresAndMemory) {
  EXPECT_EQ(default_workers({8, std::nullopt, 256}), 8);
  EXPECT_EQ(default_workers({8, 1024 + 3 * 406, 256}), 3);
  EXPECT_EQ(default_workers({2, 64 * 1024, 256}), 2);
  EXPECT_EQ(default_workers({8, 100, 256}), 1);
}

TEST(Budget, ReadsTheMemoryThatIsLeft) {
  EXPECT_EQ(available_mib("MemTotal:       16318480 kB\nMemAvailable:    2097152 kB\nBuffers: 1 kB\n"), 2048U);
  EXPECT_EQ(available_mib("MemAvailable: 1024 kB\n"), 1U);
  EXPECT_EQ(available_mib("MemTotal: 16318480 kB\n"), std::nullopt);
  EXPECT_EQ(available_mib("MemAvailable: x kB\n"), std::nullopt);
  EXPECT_EQ(available_mib("MemAvailable: 12"), std::nullopt);
  EXPECT_EQ(available_mib("MemAvailable:"), std::nullopt);
  EXPECT_EQ(available_mib(""), std::nullopt);
  EXPECT_TRUE(available_mib().has_value());
}

}  // namespace
}  // namespace kmodtest::run
