// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/races/report_steps.hpp"

#include <gtest/gtest.h>

#include "wire/frame.hpp"

namespace kmodtest::run {
namespace {

class ReportStepsTest : public testing::Test {
 protected:
  /// Adds a message; returns the bytes up to its end.
  std::uint64_t add(wire::AgentMessage message) {
    bytes_ += wire::encode(message, number_++);
    messages_.push_back(std::move(message));
    return bytes_.size();
  }

  std::string bytes_;
  std::vector<wire::AgentMessage> messages_;
  std::uint32_t number_ = 0;
};

TEST_F(ReportStepsTest, KnowsTheStepThatHadStarted) {
  const std::uint64_t baseline = add(wire::Baseline{});
  const std::uint64_t first = add(wire::StepStarted{.step = 0});
  const std::uint64_t second = add(wire::StepStarted{.step = 1});
  const ReportSteps steps(bytes_);
  EXPECT_EQ(steps.at(baseline), std::nullopt);
  EXPECT_EQ(steps.at(first), 0);
  EXPECT_EQ(steps.at(second - 1), 0);
  EXPECT_EQ(steps.at(second), 1);
  EXPECT_EQ(steps.at(second + 1000), 1);
}

TEST_F(ReportStepsTest, CountsTheBytesOfTheFirstMessages) {
  const std::uint64_t first = add(wire::StepStarted{.step = 0});
  const std::uint64_t second = add(wire::StepStarted{.step = 1});
  EXPECT_EQ(bytes_until(bytes_, messages_, 0), 0);
  EXPECT_EQ(bytes_until(bytes_, messages_, 1), first);
  EXPECT_EQ(bytes_until(bytes_, messages_, 2), second);
  EXPECT_EQ(bytes_until(bytes_, messages_, 3), second);
}

TEST_F(ReportStepsTest, SkipsWhatWasNotHeard) {
  add(wire::Baseline{});
  const std::uint64_t heard = add(wire::StepStarted{.step = 0});
  messages_.erase(messages_.begin());
  EXPECT_EQ(bytes_until(bytes_, messages_, 1), heard);
}

TEST_F(ReportStepsTest, EndsWhereTheBytesAreDamaged) {
  const std::uint64_t first = add(wire::StepStarted{.step = 0});
  add(wire::StepStarted{.step = 1});
  bytes_.resize(bytes_.size() - 3);
  EXPECT_EQ(bytes_until(bytes_, messages_, 2), first);
}

}  // namespace
}  // namespace kmodtest::run
