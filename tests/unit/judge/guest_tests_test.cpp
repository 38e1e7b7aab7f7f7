// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>

#include "stream.hpp"

namespace kmodtest::judge::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

Stream &run_printing(Stream &stream, const std::string &out) {
  stream.load().end();
  wire::RunCommand script;
  script.command = "./tests.sh";
  stream.begin(script, 10s);
  stream.add(wire::CommandEnded{stream.index, 0, out, "", false}).end();
  return stream.unloaded();
}

TEST(GuestTests, ThatPassAreANote) {
  Stream stream;
  const Verdict verdict = run_printing(stream, "TAP version 13\n1..2\nok 1 - a\nok 2 - b # SKIP no card\n").complete();
  EXPECT_EQ(verdict.outcome, Outcome::passed);
  EXPECT_EQ(verdict.tests.size(), 2U);
  EXPECT_THAT(verdict.notes, ElementsAre("2 tests in the guest (KTAP): 1 passed, 1 skipped"));
}

TEST(GuestTests, ThatFailOrAreMissingFailTheCase) {
  Stream stream;
  const Verdict verdict =
      run_printing(stream, "TAP version 13\n1..3\nok 1 - a\n# 3 is not 4\nnot ok 2 - b\n").complete();
  EXPECT_EQ(verdict.outcome, Outcome::failed);
  ASSERT_EQ(verdict.evidence.size(), 2U);
  EXPECT_EQ(verdict.evidence[0].summary, "the test b failed (KTAP)");
  EXPECT_EQ(verdict.evidence[0].step, std::optional<std::size_t>(1));
  EXPECT_THAT(verdict.evidence[0].details, ElementsAre("# 3 is not 4"));
  EXPECT_EQ(verdict.evidence[1].summary, "1 of 3 tests have no result (KTAP)");

  Stream tolerated;
  tolerated.test_case.checks.tests = false;
  EXPECT_EQ(run_printing(tolerated, "TAP version 13\n1..1\nnot ok 1 - b\n").complete().outcome, Outcome::passed);
}

}  // namespace
}  // namespace kmodtest::judge::testing
