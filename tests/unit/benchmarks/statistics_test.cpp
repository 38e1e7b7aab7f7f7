// SPDX-License-Identifier: GPL-2.0-or-later
#include "statistics.hpp"

#include <gtest/gtest.h>

namespace kmodtest::bench {
namespace {

TEST(Statistics, MedianOfAnOddNumberIsTheMiddleOne) {
  EXPECT_EQ(median({3, 1, 2}), 2);
}

TEST(Statistics, MedianOfAnEvenNumberLiesBetweenTheTwoInTheMiddle) {
  EXPECT_EQ(median({4, 1, 2, 10}), 3);
}

TEST(Statistics, PercentileOfAFewValuesIsTheLargest) {
  EXPECT_EQ(percentile({5, 9, 7}, 0.99), 9);
  EXPECT_EQ(percentile({5}, 0.99), 5);
}

TEST(Statistics, PercentileOfManyValuesLeavesTheTailOut) {
  std::vector<double> values;
  for (int i = 200; i >= 1; --i) values.push_back(i);
  EXPECT_EQ(percentile(values, 0.99), 198);
  EXPECT_EQ(percentile(values, 0.5), 100);
}

TEST(Statistics, EndsAndSum) {
  EXPECT_EQ(smallest({2, 1, 3}), 1);
  EXPECT_EQ(largest({2, 1, 3}), 3);
  EXPECT_EQ(sum({2, 1, 3}), 6);
  EXPECT_EQ(sum({}), 0);
}

}  // namespace
}  // namespace kmodtest::bench
