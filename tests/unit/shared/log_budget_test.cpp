// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared/log_budget.hpp"

#include <gmock/gmock.h>

namespace kmodtest::shared {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t kText = 76;  ///< bytes; with what a message adds 100
constexpr std::uint8_t kInfo = 6, kWarning = 4;

wire::KernelLogLine line(std::uint64_t sequence, std::uint8_t level = kInfo) {
  return {sequence, level, 0, {}, "", std::string(kText, 'x')};
}

wire::KernelLogLine marker(std::uint64_t sequence) {
  return {sequence, kInfo, 1, {}, "", "kmodtest: step 1: load ex"};
}

wire::LogLines lines(std::uint64_t first, std::uint64_t count) {
  wire::LogLines made;
  for (std::uint64_t i = 0; i < count; ++i) made.lines.push_back(line(first + i));
  return made;
}

std::vector<std::uint64_t> sequences(const std::optional<wire::LogLines> &message) {
  std::vector<std::uint64_t> found;
  if (!message) return found;
  for (const auto &one : message->lines) found.push_back(one.sequence);
  return found;
}

TEST(LogBudget, SendsAllOfAnOrdinaryLog) {
  LogBudget budget;
  const auto sent = budget.take(lines(7, 3));
  EXPECT_THAT(sequences(sent), ElementsAre(7, 8, 9));
  EXPECT_EQ(sent->left_out, 0u);
  EXPECT_EQ(budget.newest(true), std::nullopt);
}

TEST(LogBudget, KeepsTheNewestLinesForTheNextMessageAndCountsTheRest) {
  LogBudget budget(300);
  EXPECT_THAT(sequences(budget.take(lines(0, 3))), ElementsAre(0, 1, 2));
  EXPECT_EQ(budget.take(lines(3, 1000)), std::nullopt);
  const auto newest = budget.newest(false);
  ASSERT_TRUE(newest.has_value());
  EXPECT_EQ(newest->lines.size(), LogBudget::kNewest);
  EXPECT_EQ(newest->lines.front().sequence, 803u);
  EXPECT_EQ(newest->lines.back().sequence, 1002u);
  EXPECT_EQ(newest->left_out, 800u);
  EXPECT_EQ(budget.newest(true), std::nullopt) << "they were sent";
}

TEST(LogBudget, SendsMarkersAndWarningsAtOnceWithTheLinesBefore) {
  LogBudget budget(100);
  budget.take(lines(0, 1));
  wire::LogLines more = lines(1, 50);
  more.lines.push_back(line(51, kWarning));
  more.lines.push_back(line(52, kWarning));
  more.lines.push_back(line(53));
  more.lines.push_back(marker(54));
  const auto sent = budget.take(more);
  std::vector<std::uint64_t> expected;
  for (std::uint64_t i = 31; i <= 54; ++i) expected.push_back(i);
  EXPECT_EQ(sequences(sent), expected);
  EXPECT_EQ(sent->left_out, 30u);
}

TEST(LogBudget, AFloodOfWarningsEndsToo) {
  LogBudget budget(0);
  std::size_t sent = 0;
  std::uint64_t left_out = 0;
  constexpr std::uint64_t kLines = 100'000;
  for (std::uint64_t i = 0; i < kLines; ++i) {
    wire::LogLines one;
    one.lines.push_back(line(i, kWarning));
    if (const auto message = budget.take(one)) {
      sent += message->lines.size();
      left_out += message->left_out;
    }
  }
  EXPECT_LE(sent * 100, LogBudget::kFurtherBytes + 100);
  EXPECT_EQ(budget.newest(false)->lines.size(), 0u) << "there is no room";
  wire::LogLines last;
  last.lines.push_back(marker(kLines));
  EXPECT_THAT(sequences(budget.take(last)), ElementsAre(kLines));
  EXPECT_GT(left_out, 0u);
}

TEST(LogBudget, TheEndOfAProgramGetsTheNewestLinesInAnyCase) {
  LogBudget budget(0);
  wire::LogLines flood;
  for (std::uint64_t i = 0; i < 50'000; ++i) flood.lines.push_back(line(i, kWarning));
  budget.take(flood);
  budget.take(lines(50'000, 300));
  const auto newest = budget.newest(true);
  EXPECT_EQ(newest->lines.size(), LogBudget::kNewest);
}

TEST(LogBudget, ReportsWhatIsLostAndLargeCountsAtOnce) {
  LogBudget budget(0);
  wire::LogLines gap;
  gap.lost = 9;
  EXPECT_EQ(budget.take(gap)->lost, 9u);
  EXPECT_EQ(budget.take(lines(0, LogBudget::kCountEvery)), std::nullopt);
  const auto count = budget.take(lines(LogBudget::kCountEvery, LogBudget::kNewest));
  ASSERT_TRUE(count.has_value());
  EXPECT_THAT(count->lines, IsEmpty());
  EXPECT_EQ(count->left_out, LogBudget::kCountEvery);
}

}  // namespace
}  // namespace kmodtest::shared
