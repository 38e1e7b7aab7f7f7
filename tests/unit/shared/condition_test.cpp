// SPDX-License-Identifier: GPL-2.0-or-later
#include "shared/condition.hpp"

#include <cerrno>
#include <gtest/gtest.h>

namespace kmodtest::observe {
namespace {

using namespace std::chrono_literals;
using Kind = wire::Pattern::Kind;

wire::Pattern lit(std::string text) {
  return {Kind::literal, std::move(text)};
}

wire::KernelLogLine line(std::uint64_t sequence, wire::Microseconds time, std::string text) {
  return {sequence, 6, 0, time, "T1", std::move(text)};
}

wire::KernelLogLine marker(std::uint64_t sequence, std::string text) {
  return {sequence, 6, 1, 0us, "T1", "kmodtest: " + std::move(text)};
}

/// Evaluates the condition over texts that are a second apart.
shared::Evaluation over(const wire::LogCondition &condition, const std::vector<std::string> &texts) {
  shared::LogEvaluator evaluator(condition);
  std::uint64_t sequence = 10;
  for (const auto &text : texts) evaluator.add(line(sequence, sequence * 1'000'000us, text)), ++sequence;
  return evaluator.evaluate();
}

void expect(const shared::Evaluation &evaluation, shared::Truth truth, const std::string &why) {
  EXPECT_EQ(static_cast<int>(evaluation.truth), static_cast<int>(truth)) << evaluation.why;
  EXPECT_EQ(evaluation.why, why);
}

TEST(LogCondition, InOrder) {
  wire::LogCondition condition;
  condition.in_order = {lit("started"), lit("exiting")};
  expect(over(condition, {"Thread started", "x", "Thread exiting"}), shared::Truth::held, "");
  expect(over(condition, {"Thread exiting", "Thread started"}), shared::Truth::pending,
         "'exiting' has not appeared after 'started'");
  expect(over(condition, {}), shared::Truth::pending, "'started' has not appeared");
}

TEST(LogCondition, InOrderTakesALineForOnePatternOnly) {
  wire::LogCondition condition;
  condition.in_order = {lit("a"), lit("a")};
  expect(over(condition, {"a a"}), shared::Truth::pending, "'a' has not appeared after 'a'");
  expect(over(condition, {"a a", "a"}), shared::Truth::held, "");
}

TEST(LogCondition, ContainsInAnyOrder) {
  wire::LogCondition condition;
  condition.contains = {lit("b"), {Kind::regex, "^a$"}};
  expect(over(condition, {"a", "b"}), shared::Truth::held, "");
  expect(over(condition, {"b", "ab"}), shared::Truth::pending, "/^a$/ has not appeared");
}

TEST(LogCondition, AbsentIsBrokenForGood) {
  wire::LogCondition condition;
  condition.absent = {lit("oops")};
  expect(over(condition, {"fine"}), shared::Truth::held, "");
  shared::LogEvaluator evaluator(condition);
  evaluator.add(line(7, 1s, "an oops here"));
  evaluator.add(line(8, 2s, "fine"));
  expect(evaluator.evaluate(), shared::Truth::violated, "'oops' appeared: 'an oops here'");
  EXPECT_EQ(evaluator.culprit(), 7u);
}

TEST(LogCondition, CountsBetweenBounds) {
  wire::LogCondition condition;
  condition.counts = {{lit("hi"), {2, 3}}};
  expect(over(condition, {"hi"}), shared::Truth::pending, "'hi' appeared 1 time, not 2..3");
  expect(over(condition, {"hi", "hi"}), shared::Truth::held, "");
  expect(over(condition, {"hi", "hi", "hi", "hi"}), shared::Truth::violated, "'hi' appeared 4 times, not 2..3");
  condition.counts = {{lit("hi"), {5, 5}}};
  expect(over(condition, {}), shared::Truth::pending, "'hi' appeared 0 times, not 5");
  condition.counts[0].is = {.min = 2};
  expect(over(condition, {"hi"}), shared::Truth::pending, "'hi' appeared 1 time, not at least 2");
  condition.counts[0].is = {0, 1};
  expect(over(condition, {"hi", "hi"}), shared::Truth::violated, "'hi' appeared 2 times, not at most 1");
}

TEST(LogCondition, IntervalsGoByTheKernelsClock) {
  wire::LogCondition condition;
  condition.intervals = {{lit("In thread function"), 800ms, 1200ms, 2}};
  shared::LogEvaluator evaluator(condition);
  evaluator.add(line(1, 5s, "In thread function 1"));
  expect(evaluator.evaluate(), shared::Truth::pending,
         "'In thread function' appeared 1 time, not at least 3 (for its interval)");
  evaluator.add(line(2, 6s + 10ms, "In thread function 2"));
  evaluator.add(line(3, 7s, "other"));
  evaluator.add(line(4, 7s + 20ms, "In thread function 3"));
  expect(evaluator.evaluate(), shared::Truth::held, "");
  evaluator.add(line(5, 8s + 432ms, "In thread function 4"));
  expect(evaluator.evaluate(), shared::Truth::violated,
         "the gap between two 'In thread function' was 1.412 s, not within 0.800 s..1.200 s");
  EXPECT_EQ(evaluator.culprit(), 5u);
}

TEST(LogCondition, ShortIntervalsAreInMilliseconds) {
  wire::LogCondition condition;
  condition.intervals = {{lit("x"), 70ms, 130ms, 1}};
  shared::LogEvaluator evaluator(condition);
  evaluator.add(line(1, 0ms, "x"));
  evaluator.add(line(2, 20500us, "x"));
  expect(evaluator.evaluate(), shared::Truth::violated,
         "the gap between two 'x' was 20.500 ms, not within 70 ms..130 ms");
}

TEST(LogCondition, MarkersDoNotCount) {
  wire::LogCondition condition;
  condition.contains = {lit("step 3")};
  shared::LogEvaluator evaluator(condition);
  evaluator.add(marker(1, "step 3: dmesg"));
  expect(evaluator.evaluate(), shared::Truth::pending, "'step 3' has not appeared");
}

TEST(LogCondition, AMalformedExpressionNeverHolds) {
  wire::LogCondition condition;
  condition.absent = {{Kind::regex, "a("}};
  expect(over(condition, {"x"}), shared::Truth::violated, "the expression /a(/ is malformed: Unmatched ( or \\(");
}

wire::ThreadRecord thread(std::string name, int pid = 45) {
  wire::ThreadRecord record;
  record.pid = pid;
  record.name = name.substr(0, 15);
  record.full_name = std::move(name);
  record.state = 'S';
  record.cpu = 1;
  record.allowed_cpus = "0-3";
  return record;
}

TEST(ThreadCondition, IsMeantAllowsForCutNames) {
  wire::ThreadCondition condition;
  condition.thread = "kthread_create_on_node";
  EXPECT_TRUE(shared::is_meant(condition, thread("kthread_create_on_node")));
  EXPECT_TRUE(shared::is_meant(condition, thread("kthread_create_")));
  EXPECT_FALSE(shared::is_meant(condition, thread("kthread_create_on_cpu"))) << "a whole name that is another";
  EXPECT_FALSE(shared::is_meant(condition, thread("kthread_create")));
}

TEST(ThreadCondition, ExistsAndIsAbsent) {
  wire::ThreadCondition condition;
  condition.thread = "ex7_4";
  expect(shared::evaluate(condition, {thread("kthreadd"), thread("ex7_4")}), shared::Truth::held, "");
  expect(shared::evaluate(condition, {thread("kthreadd")}), shared::Truth::pending, "there is no thread 'ex7_4'");
  condition.absent = true;
  expect(shared::evaluate(condition, {thread("kthreadd")}), shared::Truth::held, "");
  expect(shared::evaluate(condition, {thread("ex7_4")}), shared::Truth::pending,
         "thread 'ex7_4' (pid 45) is still there");
}

TEST(ThreadCondition, Counts) {
  wire::ThreadCondition condition;
  condition.thread = "drv*";
  condition.count = wire::Range{2, 2};
  expect(shared::evaluate(condition, {thread("drv1"), thread("drv2")}), shared::Truth::held, "");
  expect(shared::evaluate(condition, {thread("drv1")}), shared::Truth::pending, "there is 1 thread 'drv*', not 2");
  expect(shared::evaluate(condition, {}), shared::Truth::pending, "there are 0 threads 'drv*', not 2");
}

TEST(ThreadCondition, States) {
  wire::ThreadCondition condition;
  condition.thread = "t1";
  condition.states = "P";
  expect(shared::evaluate(condition, {thread("t1")}), shared::Truth::pending,
         "thread 't1' (pid 45) is in state S (sleeping), not P (parked)");
  condition.states = "SD";
  expect(shared::evaluate(condition, {thread("t1")}), shared::Truth::held, "");
}

TEST(ThreadCondition, Cpus) {
  wire::ThreadCondition condition;
  condition.thread = "t1";
  condition.cpus = "3";
  expect(shared::evaluate(condition, {thread("t1")}), shared::Truth::pending,
         "thread 't1' (pid 45) last ran on CPU 1, not on 3");
  condition.cpus = "0-1";
  expect(shared::evaluate(condition, {thread("t1")}), shared::Truth::held, "");
  condition.allowed = "0,1,2,3";
  expect(shared::evaluate(condition, {thread("t1")}), shared::Truth::held, "");
  condition.allowed = "1";
  expect(shared::evaluate(condition, {thread("t1")}), shared::Truth::pending,
         "thread 't1' (pid 45) may run on CPU 0-3, not on exactly 1");
  condition.cpus = "x";
  expect(shared::evaluate(condition, {thread("t1")}), shared::Truth::pending, "the CPU list 'x' is malformed");
}

wire::ModuleRecord module(std::string name) {
  return {std::move(name), 16384, 1, {"b", "a"}, "Live", 0, "OE"};
}

TEST(ModuleCondition, ExistsAndIsAbsent) {
  wire::ModuleCondition condition;
  condition.module = "ex7-4";
  expect(shared::evaluate(condition, {module("ex7_4")}), shared::Truth::held, "");
  expect(shared::evaluate(condition, {module("ex7_3")}), shared::Truth::pending, "module 'ex7_4' is not loaded");
  condition.absent = true;
  expect(shared::evaluate(condition, {}), shared::Truth::held, "");
  expect(shared::evaluate(condition, {module("ex7_4")}), shared::Truth::pending, "module 'ex7_4' is still loaded");
}

TEST(ModuleCondition, SizeUsersAndDependants) {
  wire::ModuleCondition condition;
  condition.module = "m";
  condition.size = wire::Range{.min = 20000};
  expect(shared::evaluate(condition, {module("m")}), shared::Truth::pending,
         "module 'm' takes 16384 bytes, not at least 20000");
  condition.size = wire::Range{.min = 4096};
  condition.users = wire::Range{0, 0};
  expect(shared::evaluate(condition, {module("m")}), shared::Truth::pending, "module 'm' has 1 user, not 0");
  condition.users = wire::Range{1, 1};
  condition.used_by = std::vector<std::string>{"a", "b"};
  expect(shared::evaluate(condition, {module("m")}), shared::Truth::held, "");
  condition.used_by = std::vector<std::string>{};
  expect(shared::evaluate(condition, {module("m")}), shared::Truth::pending,
         "module 'm' is used by a, b, not by no module");
}

TEST(TextCondition, Equals) {
  wire::TextCondition condition;
  condition.equals = "Y";
  expect(shared::evaluate(condition, "Y\n", "/x"), shared::Truth::held, "");
  expect(shared::evaluate(condition, "N\nM\n", "/x"), shared::Truth::violated, "/x is 'N\\nM', not 'Y'");
}

TEST(TextCondition, ContainsAndLacks) {
  wire::TextCondition condition;
  condition.contains = {lit("on")};
  condition.absent = {lit("off")};
  expect(shared::evaluate(condition, "on", "stdout"), shared::Truth::held, "");
  expect(shared::evaluate(condition, "none", "stdout"), shared::Truth::held, "");
  expect(shared::evaluate(condition, "", "stdout"), shared::Truth::violated, "'on' is not in stdout: ''");
  expect(shared::evaluate(condition, "on off", "stdout"), shared::Truth::violated, "'off' is in stdout: 'on off'");
}

TEST(TextCondition, Number) {
  wire::TextCondition condition;
  condition.number = wire::Range{1, 3};
  expect(shared::evaluate(condition, " 3\n", "/x"), shared::Truth::held, "");
  expect(shared::evaluate(condition, "4\n", "/x"), shared::Truth::violated, "/x is 4, not 1..3");
  expect(shared::evaluate(condition, "3 apples\n", "/x"), shared::Truth::violated, "/x is no number: '3 apples'");
  expect(shared::evaluate(condition, "", "/x"), shared::Truth::violated, "/x is no number: ''");
}

TEST(TextCondition, LongContentsAreCutBetweenCharacters) {
  wire::TextCondition condition;
  condition.equals = "";
  std::string content(119, 'a');
  expect(shared::evaluate(condition, content + "ää", "/x"), shared::Truth::violated,
         "/x is '" + content + "…', not ''");
}

TEST(FileCondition, ExistsAndIsAbsent) {
  wire::FileCondition condition;
  condition.path = "/proc/x";
  shared::FileEvaluator there(condition);
  expect(there.evaluate(), shared::Truth::pending, "/proc/x has not been read");
  there.add(1s, ENOENT, "");
  expect(there.evaluate(), shared::Truth::pending, "/proc/x does not exist");
  there.add(2s, EACCES, "");
  expect(there.evaluate(), shared::Truth::pending, "/proc/x cannot be read: Permission denied (errno 13)");
  there.add(3s, 0, "");
  expect(there.evaluate(), shared::Truth::held, "");

  condition.absent = true;
  shared::FileEvaluator gone(condition);
  gone.add(1s, 0, "1");
  expect(gone.evaluate(), shared::Truth::pending, "/proc/x is still there");
  gone.add(2s, EACCES, "");
  expect(gone.evaluate(), shared::Truth::pending, "/proc/x is still there");
  gone.add(3s, ENOENT, "");
  expect(gone.evaluate(), shared::Truth::held, "");
}

TEST(FileCondition, AContentMayStillChange) {
  wire::FileCondition condition;
  condition.path = "/proc/x";
  condition.content.equals = "2";
  shared::FileEvaluator evaluator(condition);
  evaluator.add(1s, 0, "1\n");
  expect(evaluator.evaluate(), shared::Truth::pending, "/proc/x is '1', not '2'");
  evaluator.add(2s, 0, "2\n");
  expect(evaluator.evaluate(), shared::Truth::held, "");
}

wire::FileCondition growing() {
  wire::FileCondition condition;
  condition.path = "/proc/x";
  condition.grows = wire::Growth{{1, 1}, {{}, 800ms, 1200ms, 2}};
  return condition;
}

TEST(FileCondition, Grows) {
  shared::FileEvaluator evaluator(growing());
  evaluator.add(5s + 700ms, 0, "7\n");
  evaluator.add(6s, 0, "8\n");  // the first change: it is unknown how long 7 had been there
  evaluator.add(7s, 0, "9\n");
  expect(evaluator.evaluate(), shared::Truth::pending, "the number in /proc/x grew 2 times, not at least 3");
  evaluator.add(8s + 100ms, 0, "10\n");
  expect(evaluator.evaluate(), shared::Truth::held, "");
}

TEST(FileCondition, GrowsByTheWrongStep) {
  shared::FileEvaluator evaluator(growing());
  evaluator.add(5s, 0, "7\n");
  evaluator.add(6s, 0, "9\n");
  expect(evaluator.evaluate(), shared::Truth::violated,
         "the number in /proc/x went from 7 to 9, which is a step of 2, not 1");
}

TEST(FileCondition, GrowsAtTheWrongTime) {
  shared::FileEvaluator evaluator(growing());
  evaluator.add(5s, 0, "7\n");
  evaluator.add(6s, 0, "8\n");
  evaluator.add(6s + 500ms, 0, "9\n");
  evaluator.add(7s + 500ms, 0, "10\n");
  expect(evaluator.evaluate(), shared::Truth::violated,
         "the gap between two changes of /proc/x was 0.500 s, not within 0.800 s..1.200 s");
}

TEST(FileCondition, GrowsNeedsANumber) {
  shared::FileEvaluator evaluator(growing());
  evaluator.add(5s, 0, "starting\n");
  expect(evaluator.evaluate(), shared::Truth::pending, "/proc/x is no number: 'starting'");
}

TEST(FileCondition, AFileWithoutContentYetMayGetOne) {
  wire::FileCondition condition;
  condition.path = "/dev/x";
  condition.content.equals = "ready";
  shared::FileEvaluator evaluator(condition);
  evaluator.add(5s, EAGAIN, "");
  expect(evaluator.evaluate(), shared::Truth::pending, "/dev/x has no content yet: reading it would wait");
  evaluator.add(6s, 0, "ready\n");
  expect(evaluator.evaluate(), shared::Truth::held, "");
}

TEST(FileCondition, OnlyAConditionOnTheContentNeedsIt) {
  wire::FileCondition condition;
  EXPECT_FALSE(shared::reads_content(condition));
  condition.absent = true;
  EXPECT_FALSE(shared::reads_content(condition));
  condition.is_read = true;
  EXPECT_TRUE(shared::reads_content(condition));
  condition.is_read = false;
  condition.content.contains = {{wire::Pattern::Kind::literal, "x"}};
  EXPECT_TRUE(shared::reads_content(condition));
  EXPECT_TRUE(shared::reads_content(growing()));
}

TEST(FormatDuration, PicksTheUnit) {
  EXPECT_EQ(shared::format_duration(0us), "0 s");
  EXPECT_EQ(shared::format_duration(350us), "350 µs");
  EXPECT_EQ(shared::format_duration(20ms), "20 ms");
  EXPECT_EQ(shared::format_duration(20500us), "20.500 ms");
  EXPECT_EQ(shared::format_duration(1s), "1.000 s");
  EXPECT_EQ(shared::format_duration(-1500ms), "-1.500 s");
}

}  // namespace
}  // namespace kmodtest::observe
