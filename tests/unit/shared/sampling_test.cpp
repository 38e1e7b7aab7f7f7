// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared/sampling.hpp"

#include <gtest/gtest.h>

#include "shared/condition.hpp"

namespace kmodtest::shared {
namespace {

using namespace std::chrono_literals;

wire::Growth every(wire::Microseconds min, wire::Microseconds max) {
  wire::Growth growth;
  growth.every.min = min;
  growth.every.max = max;
  growth.every.gaps = 3;
  return growth;
}

TEST(Sampling, PausesGrowWithTheLookAndWithTheWaitUpToALimit) {
  EXPECT_EQ(pause_after(0us, 0us), 5ms);
  EXPECT_EQ(pause_after(1ms, 80ms), 5ms);
  EXPECT_EQ(pause_after(2ms, 0us), 8ms);
  EXPECT_EQ(pause_after(100us, 160ms), 10ms);
  EXPECT_EQ(pause_after(100us, 5s), 20ms);
  EXPECT_EQ(pause_after(1s, 0us), 20ms);
}

TEST(Sampling, TheErrorOfAGapIsASmallPartOfWhatItMayBe) {
  EXPECT_EQ(sampling_of(every(700ms, 1300ms), {}).pause, 18'750us);
  EXPECT_EQ(sampling_of(every(900ms, 1100ms), {}).pause, 6'250us);
  EXPECT_EQ(sampling_of(every(90ms, 110ms), {}).pause, 5ms);
  EXPECT_EQ(sampling_of(every(500ms, 1h), {}).pause, 20ms);
}

TEST(Sampling, ANumberThatMayGrowAtAnyTimeIsReadOften) {
  const Sampling sampling = sampling_of(every(0us, 1h), 3s);
  EXPECT_EQ(sampling.pause, 5ms);
  EXPECT_EQ(sampling.next(3s), 3s + 5ms);
}

TEST(Sampling, AfterAChangeItIsReadRarelyUntilTheNextOneMayCome) {
  const Sampling sampling = sampling_of(every(700ms, 1300ms), 10s);
  EXPECT_EQ(sampling.next(10s), 10s + 50ms);
  // There is a reading before a change is allowed: a change that is too early is never measured as one in time.
  EXPECT_EQ(sampling.next(10s + 640ms), sampling.calm_until);
  EXPECT_LT(sampling.calm_until + sampling.pause, 10s + 700ms);
  EXPECT_EQ(sampling.next(sampling.calm_until), sampling.calm_until + sampling.pause);
}

// The verdict has to be the one of an observer that sees each change at once.
TEST(Sampling, AVerdictOnGapsDoesNotDependOnTheMomentsOfReading) {
  const auto verdict = [](wire::Microseconds gap, wire::Microseconds offset) {
    wire::FileCondition condition;
    condition.path = "/proc/x";
    condition.grows = every(700ms, 1300ms);
    FileEvaluator evaluator(condition);
    std::int64_t before = -1;
    wire::Microseconds now = offset;
    while (evaluator.evaluate().truth != Truth::held && evaluator.evaluate().truth != Truth::violated && now < 20s) {
      const std::int64_t number = now / gap;
      if (number != before) evaluator.add(now, 0, std::to_string(number));
      before = number;
      now = sampling_of(*condition.grows, evaluator.last_change()).next(now);
    }
    return evaluator.evaluate().truth;
  };
  for (wire::Microseconds offset = 0us; offset < 1s; offset += 13'337us) {
    for (const auto gap : {725ms, 800ms, 1000ms, 1200ms, 1275ms}) EXPECT_EQ(verdict(gap, offset), Truth::held);
    for (const auto gap : {200ms, 400ms, 600ms, 675ms, 1325ms, 2000ms})
      EXPECT_EQ(verdict(gap, offset), Truth::violated);
  }
}

}  // namespace
}  // namespace kmodtest::shared
