// SPDX-License-Identifier: GPL-2.0-or-later
#include "observe/ktap.hpp"

#include <gmock/gmock.h>

#include "text/lines.hpp"

namespace kmodtest::observe {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Returns "suite.test passed" for each test.
std::vector<std::string> results(const std::string &log) {
  std::vector<std::string> lines;
  for (const auto &test : parse_ktap(text::lines_of(log))) lines.push_back(test.name + " " + result_name(test.result));
  return lines;
}

TEST(Ktap, OfAModuleWithASuite) {
  EXPECT_THAT(results("my: loading out-of-tree module taints kernel.\n"
                      "KTAP version 1\n"
                      "1..1\n"
                      "    KTAP version 1\n"
                      "    # Subtest: sums\n"
                      "    # module: my\n"
                      "    1..3\n"
                      "    ok 1 adds\n"
                      "a line of another driver\n"
                      "    # carries: EXPECTATION FAILED at my.c:12\n"
                      "    Expected sum == 3, but\n"
                      "        sum == 4 (0x4)\n"
                      "    not ok 2 carries\n"
                      "    ok 3 overflows # SKIP needs 32 bits\n"
                      "# sums: pass:1 fail:1 skip:1 total:3\n"
                      "not ok 1 sums\n"
                      "not ok 2 is outside\n"),
              ElementsAre("sums.adds passed", "sums.carries failed", "sums.overflows skipped"));
  const auto tests = parse_ktap({"KTAP version 1", "1..1", "# no", "not ok 1 - one"});
  ASSERT_EQ(tests.size(), 1U);
  EXPECT_EQ(tests[0], (KtapTest{"one", KtapTest::Result::failed, "", {"# no"}, 3}));
}

TEST(Ktap, CanHaveTheNameOfItsModuleBeforeEachLine) {
  EXPECT_THAT(results("my: KTAP version 1\nmy: 1..1\nmy:   # Subtest: s\nother: x\nmy:   1..1\nmy:   not ok 1 a\n"
                      "my: not ok 1 s\nnot ok 2 outside\n"),
              ElementsAre("s.a failed"));
}

TEST(Ktap, OfEarlierKernelsHasNoHeader) {
  EXPECT_THAT(results("    # Subtest: example\n    1..2\n    ok 1 - one\n    not ok 2 - two\nnot ok 1 - example\n"
                      "not ok 2 - outside\n"),
              ElementsAre("example.one passed", "example.two failed"));
}

TEST(Ktap, TestsWithoutAResultAreMissing) {
  EXPECT_THAT(results("TAP version 14\n1..3\nok 1 - a\n"), ElementsAre("a passed", "2 of 3 tests missing"));
  EXPECT_THAT(results("KTAP version 1\n1..1\n  # Subtest: s\n  1..2\n  ok 1 a\nok 1 s\n"),
              ElementsAre("s.a passed", "s.1 of 2 tests missing"));
  EXPECT_THAT(results("KTAP version 1\n1..2\nok 1 a\nBail out! no memory\n"),
              ElementsAre("a passed", "bail out failed", "1 of 2 tests missing"));
}

TEST(Ktap, ASuiteThatFailsByItsOwnIsATest) {
  EXPECT_THAT(results("KTAP version 1\n1..1\n  # Subtest: s\n  1..1\n  ok 1 a\nnot ok 1 s\n"),
              ElementsAre("s.a passed", "s failed"));
  EXPECT_THAT(results("KTAP version 1\n1..1\nnot ok 1 known # TODO later\n"), ElementsAre("known passed"));
}

TEST(Ktap, OtherLinesAreNoTests) {
  EXPECT_THAT(results("not ok 1 - x\nok\nTAP version of mine\n1..2\n"), IsEmpty());
}

}  // namespace
}  // namespace kmodtest::observe
