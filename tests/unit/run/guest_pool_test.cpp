// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/guests/guest_pool.hpp"

#include <array>
#include <chrono>
#include <gtest/gtest.h>
#include <vector>

#include "support/fake_hypervisor.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::run {
namespace {

namespace asio = base::asio;
using namespace std::chrono_literals;
using support::ScratchFolder;

class GuestPoolTest : public ::testing::Test {
 protected:
  void make(bool keep, std::size_t slots) {
    pool_.emplace(GuestPool::Options{.cache = scratch_.path(), .keep = keep, .slots = slots},
                  [this](asio::io_context &) {
                    auto hypervisor = std::make_unique<support::FakeHypervisor>(support::say_ready);
                    fake_ = hypervisor.get();
                    return hypervisor;
                  });
    pool_->hypervisor();
  }
  static vm::GuestSpec spec(int cpus) {
    vm::GuestSpec wanted;
    wanted.kernel_image = "/k/vmlinuz";
    wanted.cpus = cpus;
    wanted.channel = vm::ChannelKind::memory;
    wanted.clock = vm::Clock::virtual_;
    return wanted;
  }
  /// Acquires a slot for a guest with `cpus` CPUs, and brings the guest into it.
  GuestSlot *take(int cpus, GuestSlot *held = nullptr) {
    GuestSlot &slot = pool_->acquire(spec(cpus), held);
    auto bring = [](GuestSlot &into, vm::GuestSpec wanted) -> base::Task<> {
      std::string name = "w0", description = "a guest";
      Progress progress = [](Phase, const std::string &) {};
      outcome::Timings timings;
      co_await into.pristine(std::move(wanted), std::move(name), std::move(description), 1000ms, std::move(progress),
                             timings);
    };
    pool_->finish(bring(slot, spec(cpus)));
    return &slot;
  }

  void release(GuestSlot *slot) { pool_->finish(pool_->release(slot)); }

  const ScratchFolder scratch_;
  std::optional<GuestPool> pool_;
  support::FakeHypervisor *fake_ = nullptr;
};

TEST_F(GuestPoolTest, AGuestIsFoundAgainByItsKind) {
  make(true, 3);
  GuestSlot *one = take(1);
  release(one);
  GuestSlot *two = take(2);
  EXPECT_NE(one, two);
  release(two);
  EXPECT_EQ(fake_->running(), 2);
  EXPECT_EQ(take(1), one);
  EXPECT_EQ(take(2), two);
  EXPECT_EQ(fake_->running(), 2);
}

TEST_F(GuestPoolTest, WhereNoMoreMayStayTheOneThatWasLeftLongestAgoGoes) {
  make(true, 2);
  GuestSlot *one = take(1);
  release(one);
  GuestSlot *two = take(2);
  release(two);
  EXPECT_EQ(take(3), one);
  EXPECT_EQ(fake_->running(), 2);
}

TEST_F(GuestPoolTest, AWorkerAlwaysGetsASlot) {
  make(true, 1);
  GuestSlot *one = take(1);
  EXPECT_NE(take(1), one) << "another worker holds it";
  EXPECT_EQ(fake_->running(), 2);
}

TEST_F(GuestPoolTest, WithoutKeepingAWorkerReplacesItsOwnGuest) {
  make(false, 1);
  GuestSlot *one = take(1);
  EXPECT_EQ(take(2, one), one);
  EXPECT_EQ(fake_->running(), 1);
}

TEST_F(GuestPoolTest, GuestsAreMadeReadyUntilThatIsEnough) {
  make(true, 2);
  release(take(1));
  release(take(2));
  const auto restored = [this] {
    int sum = 0;
    for (const auto &machine : fake_->machines()) sum += machine->restored;
    return sum;
  };
  const int before = restored();
  int asked = 0;
  pool_->finish(pool_->get_ready([&] { return ++asked > 1; }));
  EXPECT_EQ(restored(), before + 1);
  pool_->finish(pool_->get_ready([] { return false; }));
  EXPECT_EQ(restored(), before + 2);
}

TEST_F(GuestPoolTest, ClearingEndsAllGuests) {
  make(true, 2);
  release(take(1));
  release(take(2));
  pool_->finish(pool_->clear());
  EXPECT_EQ(fake_->running(), 0);
}

TEST_F(GuestPoolTest, WhatIsSaidIsHeardByWhoeverListens) {
  make(true, 1);
  std::vector<std::string> heard;
  auto nothing = []() -> base::Task<> { co_return; };
  pool_->say("lost");
  pool_->finish(nothing());
  {
    const GuestPool::Listening listening(*pool_, [&](const std::string &text) { heard.push_back(text); });
    pool_->say("heard");
    pool_->finish(nothing());
  }
  pool_->say("too late");
  pool_->finish(nothing());
  EXPECT_EQ(heard, std::vector<std::string>{"heard"});
}

}  // namespace
}  // namespace kmodtest::run
