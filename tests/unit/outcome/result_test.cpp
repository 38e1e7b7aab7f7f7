// SPDX-License-Identifier: GPL-2.0-or-later
#include "outcome/result.hpp"

#include <gtest/gtest.h>

#include "judge/observations.hpp"
#include "support/sample_case.hpp"

namespace kmodtest::outcome {
namespace {

int cpus_with(const std::string &online) {
  CaseFinished finished = support::finished(support::make_case("ex", 4), judge::Outcome::passed);
  auto seen = std::make_shared<judge::Observations>();
  seen->agent.emplace();
  seen->agent->cpus_online = online;
  finished.seen = seen;
  return cpus_of(finished);
}

TEST(Result, ACaseHasTheCpusThatItsGuestHadOnline) {
  EXPECT_EQ(cpus_with("0"), 1) << "maxcpus=1";
  EXPECT_EQ(cpus_with("0-1,3"), 3);
  EXPECT_EQ(cpus_with(""), 4) << "not known";
  EXPECT_EQ(cpus_of(support::finished(support::make_case("ex", 4), judge::Outcome::failed, "no guest")), 4);
}

}  // namespace
}  // namespace kmodtest::outcome
