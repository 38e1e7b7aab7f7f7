// SPDX-License-Identifier: GPL-2.0-or-later

// Tests of ticker/ticker.c. Each test gets its own, freshly booted guest. When a test ends, kmodtest checks that the
// kernel reported nothing and that the module left nothing behind.
#include <cerrno>

#include <kmodtest/gtest.hpp>

namespace {

using namespace kmodtest;
using namespace std::chrono_literals;
using testing::Contains;
using testing::Not;

class Ticker : public GuestTest {};

TEST_F(Ticker, SaysWhatItDoes) {
  guest.load("ticker");  // the folder next to this file: built for the guest's kernel
  guest.wait_for_log("started on CPU 0");
  EXPECT_THAT(guest.modules(), HasModule("ticker"));
  guest.unload("ticker");
  EXPECT_THAT(guest.log(), InOrder("started on CPU 0", "stopped after"));
  EXPECT_THAT(guest.modules(), Not(HasModule("ticker")));
}

TEST_F(Ticker, TicksOncePerPeriod) {
  guest.load("ticker", {{"period_ms", "100"}});
  guest.sleep(10s);  // guest time, which takes almost no time on the host
  const int ticks = std::stoi(guest.read("/proc/ticker"));
  EXPECT_GE(ticks, 90);
  EXPECT_LE(ticks, 100);
}

TEST_F(Ticker, CanBeReset) {
  guest.load("ticker", {{"period_ms", "1000"}});
  guest.sleep(5s);
  EXPECT_NE(guest.read("/proc/ticker"), "0");
  guest.write("/proc/ticker", "reset\n");
  EXPECT_EQ(guest.read("/proc/ticker"), "0");
  EXPECT_EQ(guest.try_write("/proc/ticker", "faster\n"), EINVAL);
  EXPECT_THAT(guest.exec("echo rubbish > /proc/ticker"), Exited(1));
}

TEST_F(Ticker, RefusesACpuThatIsNotThere) {
  EXPECT_EQ(guest.try_load("ticker", {{"cpu", "7"}}), EINVAL);
  EXPECT_THAT(guest.log(), Contains(Line("there is no CPU 7")));
  EXPECT_THAT(guest.threads(), Not(HasThread("ticker/*")));
}

/// Tests on guests with different numbers of CPUs.
class TickerOn : public GuestTestWithParam<int> {
  GuestSpec spec() const override { return {.cpus = GetParam()}; }
};

TEST_P(TickerOn, RunsOnTheCpuThatItIsBoundTo) {
  for (int cpu = 0; cpu < GetParam(); ++cpu) {
    const std::string number = std::to_string(cpu);
    guest.load("ticker", {{"cpu", number}});
    guest.wait_for_log("started on CPU " + number);
    EXPECT_THAT(guest.threads(), HasThread("ticker/" + number, testing::AllOf(BoundTo(cpu), LastRanOn(cpu))));
    guest.unload("ticker");
  }
}

INSTANTIATE_TEST_SUITE_P(Cpus, TickerOn, testing::Values(1, 2, 4), testing::PrintToStringParamName());

}  // namespace
