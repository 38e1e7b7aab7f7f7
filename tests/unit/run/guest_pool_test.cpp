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
using kernel::testing::ScratchFolder;

class HarbourTest : public ::testing::Test {
 protected:
  void make(bool keep, std::size_t berths) {
    harbour_.emplace(Harbour::Options{scratch_.path(), true, keep, berths}, [this](asio::io_context &) {
      auto hypervisor = std::make_unique<fakes::FakeHypervisor>(fakes::say_ready);
      fake_ = hypervisor.get();
      return hypervisor;
    });
    harbour_->hypervisor();
  }
  static vm::GuestSpec spec(int cpus) {
    vm::GuestSpec wanted;
    wanted.kernel_image = "/k/vmlinuz";
    wanted.cpus = cpus;
    wanted.channel = vm::ChannelKind::memory;
    wanted.clock = vm::Clock::virtual_;
    return wanted;
  }
  /// Takes a berth for a guest with so many CPUs, and brings the guest into it.
  Berth *take(int cpus, Berth *held = nullptr) {
    Berth &berth = harbour_->change(held, vm::hash(spec(cpus), fake_->qemu_version()));
    auto bring = [](Berth &into, vm::GuestSpec wanted) -> base::Task<> {
      std::string name = "w0", description = "a guest";
      Berth::Progress progress = [](const std::string &) {};
      outcome::Timings timings;
      co_await into.pristine(std::move(wanted), std::move(name), std::move(description), 1000ms, std::move(progress),
                             timings);
    };
    harbour_->finish(bring(berth, spec(cpus)));
    return &berth;
  }

  const ScratchFolder scratch_;
  std::optional<Harbour> harbour_;
  fakes::FakeHypervisor *fake_ = nullptr;
};

TEST_F(HarbourTest, AGuestIsFoundAgainByItsKind) {
  make(true, 3);
  Berth *one = take(1);
  harbour_->leave(one);
  Berth *two = take(2);
  EXPECT_NE(one, two);
  harbour_->leave(two);
  EXPECT_EQ(fake_->running(), 2);
  EXPECT_EQ(take(1), one);
  EXPECT_EQ(take(2), two);
  EXPECT_EQ(fake_->running(), 2);
}

TEST_F(HarbourTest, WhereNoMoreMayStayTheOneThatWasLeftLongestAgoGoes) {
  make(true, 2);
  Berth *one = take(1);
  harbour_->leave(one);
  Berth *two = take(2);
  harbour_->leave(two);
  EXPECT_EQ(take(3), one);
  EXPECT_EQ(fake_->running(), 2);
}

TEST_F(HarbourTest, AWorkerAlwaysGetsABerth) {
  make(true, 1);
  Berth *one = take(1);
  EXPECT_NE(take(1), one) << "another worker holds it";
  EXPECT_EQ(fake_->running(), 2);
}

TEST_F(HarbourTest, WithoutKeepingAWorkerReplacesItsOwnGuest) {
  make(false, 1);
  Berth *one = take(1);
  EXPECT_EQ(take(2, one), one);
  EXPECT_EQ(fake_->running(), 1);
}

TEST_F(HarbourTest, GuestsAreMadeReadyUntilThatIsEnough) {
  make(true, 2);
  harbour_->leave(take(1));
  harbour_->leave(take(2));
  const auto restored = [this] {
    int sum = 0;
    for (const auto &machine : fake_->machines()) sum += machine->restored;
    return sum;
  };
  const int before = restored();
  int asked = 0;
  harbour_->finish(harbour_->get_ready([&] { return ++asked > 1; }));
  EXPECT_EQ(restored(), before + 1);
  harbour_->finish(harbour_->get_ready([] { return false; }));
  EXPECT_EQ(restored(), before + 2);
}

TEST_F(HarbourTest, ClearingEndsAllGuests) {
  make(true, 2);
  harbour_->leave(take(1));
  harbour_->leave(take(2));
  harbour_->finish(harbour_->clear());
  EXPECT_EQ(fake_->running(), 0);
}

TEST_F(HarbourTest, WhatIsSaidIsHeardByWhoeverListens) {
  make(true, 1);
  std::vector<std::string> heard;
  auto nothing = []() -> base::Task<> { co_return; };
  harbour_->say("lost");
  harbour_->finish(nothing());
  {
    const Harbour::Listening listening(*harbour_, [&](const std::string &text) { heard.push_back(text); });
    harbour_->say("heard");
    harbour_->finish(nothing());
  }
  harbour_->say("too late");
  harbour_->finish(nothing());
  EXPECT_EQ(heard, std::vector<std::string>{"heard"});
}

}  // namespace
}  // namespace kmodtest::run
