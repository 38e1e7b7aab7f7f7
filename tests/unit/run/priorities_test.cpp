// SPDX-License-Identifier: GPL-2.0-or-later
// The published bound of PCT as a check of the strategy `priorities`: with n threads and k steps, a bug of depth d (d
// orders of steps have to come true) is found with a probability of at least 1 / (n * k^(d - 1)) in each schedule that
// has d - 1 places at which priorities change. Source: Burckhardt, Kothari, Musuvathi, Nagarakatte: A randomized
// scheduler with probabilistic guarantees of finding bugs, ASPLOS 2010.
#include <algorithm>
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <tuple>
#include <vector>

#include "run/explore/strategies.hpp"
#include "wire/kernel_addresses.hpp"

namespace kmodtest::run {
namespace {

/// Threads that do nothing but execute a number of instructions each, on a CPU of their own, 4 ns for each instruction.
class Threads {
 public:
  Threads(std::size_t threads, std::size_t steps) : threads_(threads), steps_(steps) {}

  std::size_t all_steps() const { return threads_ * steps_; }
  std::size_t threads() const { return threads_; }

  Profile profile() const {
    Profile profile;
    for (std::size_t thread = 0; thread < threads_; ++thread) {
      profile.thread_starts.push_back(address(thread, 0));
      for (std::size_t step = 0; step < steps_; ++step)
        profile.code.push_back({.address = address(thread, step), .times = 1, .flags = wire::kCodeShared, .order = 0});
    }
    return profile;
  }

  bool is_start(const plan::Schedule::Hold &hold) const {
    return (hold.offset - wire::kModulesBegin) / kInstruction % steps_ == 0;
  }

  /// When each step of each thread is executed under a schedule. Threads begin one after the other.
  class Run {
   public:
    Run(const Threads &threads, const plan::Schedule &schedule) : when_(threads.threads_) {
      for (std::size_t thread = 0; thread < threads.threads_; ++thread) {
        std::int64_t now = static_cast<std::int64_t>(thread);
        for (std::size_t step = 0; step < threads.steps_; ++step) {
          for (const auto &hold : schedule.holds)
            if (hold.offset == threads.address(thread, step)) now += hold.wait.count() * 1000;
          when_[thread].push_back(now += kNanoseconds);
        }
      }
    }
    /// Returns whether a step of a thread is executed before one of another thread.
    bool before(std::size_t thread, std::size_t step, std::size_t other, std::size_t other_step) const {
      return when_[thread][step] < when_[other][other_step];
    }

   private:
    static constexpr std::int64_t kNanoseconds = 4;
    std::vector<std::vector<std::int64_t>> when_;
  };

 private:
  static constexpr std::uint64_t kInstruction = 4;
  std::uint64_t address(std::size_t thread, std::size_t step) const {
    return wire::kModulesBegin + kInstruction * (thread * steps_ + step);
  }

  std::size_t threads_, steps_;
};

using Bug = std::function<bool(const Threads::Run &)>;

struct Rate {
  double found = 0, schedules = 0;
};

Rate rate_of(const Threads &threads, const Bug &bug, std::size_t depth) {
  const Profile profile = threads.profile();
  Rate rate;
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    const plan::Schedule schedule = schedule_of(profile, seed, Strategy::priorities);
    const auto changes = std::count_if(schedule.holds.begin(), schedule.holds.end(),
                                       [&threads](const auto &hold) { return !threads.is_start(hold); });
    if (static_cast<std::size_t>(changes) != depth - 1) continue;
    ++rate.schedules;
    if (bug(Threads::Run(threads, schedule))) ++rate.found;
  }
  return rate;
}

void expect_bound(const Threads &threads, const Bug &bug, std::size_t depth, const char *name) {
  const Rate rate = rate_of(threads, bug, depth);
  const double bound = 1 / (static_cast<double>(threads.threads()) *
                            std::pow(static_cast<double>(threads.all_steps()), static_cast<double>(depth - 1)));
  ASSERT_GT(rate.schedules, 1000) << name;
  // Three standard deviations of a binomial distribution: the seeds are always the same, so this never flickers.
  const double margin = 3 * std::sqrt(bound * (1 - bound) / rate.schedules);
  EXPECT_GE(rate.found / rate.schedules, bound - margin)
      << name << ", " << threads.threads() << " threads: " << rate.found << " of " << rate.schedules;
}

TEST(Priorities, FindBugsOfDepthOneAsOftenAsPctPromises) {
  for (const std::size_t count : {2u, 3u, 4u}) {
    const Threads threads(count, 8);
    for (std::size_t late = 0; late < count; ++late) {
      for (std::size_t early = 0; early < count; ++early) {
        if (late == early) continue;
        const auto used_before_made = [late, early](const Threads::Run &run) { return run.before(early, 7, late, 0); };
        expect_bound(threads, used_before_made, 1, "used before it is made");
      }
    }
  }
}

TEST(Priorities, FindBugsOfDepthTwoAsOftenAsPctPromises) {
  for (const std::size_t count : {2u, 3u}) {
    const Threads threads(count, 8);
    for (const std::size_t check : {1u, 3u, 6u}) {
      for (const std::size_t act : {0u, 4u, 7u}) {
        const auto between = [check, act](const Threads::Run &run) {
          return run.before(0, check, 1, act) && run.before(1, act, 0, check + 1);
        };
        expect_bound(threads, between, 2, "an act between check and act");
      }
    }
  }
}

TEST(Priorities, FindBugsOfDepthThreeAsOftenAsPctPromises) {
  const Threads threads(2, 8);
  for (const auto &[first, second] : {std::pair(1u, 2u), std::pair(2u, 5u), std::pair(5u, 4u)}) {
    const auto crossed = [first = first, second = second](const Threads::Run &run) {
      return run.before(0, first, 1, second) && run.before(1, second, 0, first + 1) &&
             run.before(0, first + 1, 1, second + 1);
    };
    expect_bound(threads, crossed, 3, "two threads between each other's steps");
  }
}

}  // namespace
}  // namespace kmodtest::run
