// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/case/case_digest.hpp"

#include <gtest/gtest.h>

#include "unit/judge/stream.hpp"

namespace kmodtest::run {
namespace {

using namespace std::chrono_literals;
using judge::Ending;
using judge::testing::Stream;

/// A module that spins in its init function, after a line in the log.
Stream spinning() {
  Stream stream;
  stream.begin(wire::Load{{{"ex", "/tmp/modules/ex.ko", {}}}, 0}, 10s);
  stream.log("ex: begins");
  return stream;
}

Stream &log_stall(Stream &stream) {
  stream.log("rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:", 3);
  return stream.log("rcu: \t0-...0: (9 ticks this GP) idle=20fc/1/0x4000000000000000 softirq=87/88 fqs=2625", 3);
}

Stream &log_oops(Stream &stream) {
  stream.log("BUG: kernel NULL pointer dereference, address: 0000000000000000", 1);
  stream.log("Call Trace:", 4);
  return stream.log("---[ end trace 0000000000000000 ]---", 4);
}

/// The digest of a case that the watch on the guest has ended.
std::optional<CaseDigest> digest_by_watch(Stream stream) {
  const auto verdict = stream.verdict(Ending::Kind::stuck, "CPU 0 has had its interrupts off");
  return digest_of(stream.test_case, stream.seen, verdict, {});
}

/// The digest of a case that the last report has decided.
std::optional<CaseDigest> digest_by_report(Stream stream) {
  const std::size_t messages = stream.seen.messages.size();
  const auto verdict = stream.verdict(Ending::Kind::stopped_early, "kernel report");
  return digest_of(stream.test_case, stream.seen, verdict, {.answered = false, .decided_after = messages});
}

// With a fast host, the kernel's own 21 s have passed before the watch has used up its patience.
TEST(CaseDigest, OfACaseThatHungIsTheSameWhicheverSeesItFirst) {
  const auto by_watch = digest_by_watch(spinning());
  auto stalled = spinning();
  const auto by_report = digest_by_report(log_stall(stalled));
  ASSERT_TRUE(by_watch && by_report);
  EXPECT_EQ(by_watch->text, by_report->text);
  EXPECT_EQ(by_report->messages, spinning().seen.messages.size());

  auto also_stalled = spinning();
  also_stalled.test_case.expect = plan::Expect{.verdict = plan::ExpectedVerdict::hung};
  auto expected = spinning();
  expected.test_case.expect = also_stalled.test_case.expect;
  EXPECT_EQ(digest_by_report(log_stall(also_stalled))->text, digest_by_watch(expected)->text);

  auto other = spinning();
  other.log("ex: goes on");
  EXPECT_NE(digest_by_watch(other)->text, by_watch->text);
}

TEST(CaseDigest, OfACrashHasTheReportInIt) {
  auto crashed = spinning(), later = spinning();
  const auto digest = digest_by_report(log_oops(crashed));
  ASSERT_TRUE(digest);
  EXPECT_EQ(digest->messages, crashed.seen.messages.size());
  later.at(later.now + 1us);
  EXPECT_NE(digest_by_report(log_oops(later))->text, digest->text);
}

TEST(CaseDigest, IsNoneOfAGuestThatWeHaveEnded) {
  auto stream = spinning();
  const auto verdict = stream.verdict(Ending::Kind::stopped_early, "fail-fast");
  EXPECT_FALSE(digest_of(stream.test_case, stream.seen, verdict, {}));
  EXPECT_TRUE(digest_of(stream.test_case, stream.seen, verdict, {.answered = true, .decided_after = {}}));
}

}  // namespace
}  // namespace kmodtest::run
