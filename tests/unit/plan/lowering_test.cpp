// SPDX-License-Identifier: GPL-2.0-or-later
#include <chrono>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

#include "plan_text.hpp"

namespace kmodtest::plan {
namespace {

using namespace std::chrono_literals;
using Kind = wire::Pattern::Kind;

template <class T>
const T &body(const Step &step) {
  return std::get<T>(step.guest.value().body);
}

Plan whole() {
  ParseResult result = parse_plan_file(std::string(KMODTEST_TEST_DATA) + "/plans/whole.yaml");
  for (const Diagnostic &d : result.diagnostics) ADD_FAILURE() << d.str();
  return result.plan.value_or(Plan{});
}

TEST(Lowering, PlanAndGuest) {
  const Plan plan = whole();
  EXPECT_EQ(plan.name, "alpha and beta together");
  EXPECT_EQ(plan.description, "Uses every kind of step once.");
  EXPECT_EQ(plan.tags, std::vector<std::string>{"unit"});
  for (const Case &each : plan.cases) EXPECT_EQ(each.tags, plan.tags);
  ASSERT_EQ(plan.cases.size(), 4u);
  const Case &last = plan.cases[3];
  EXPECT_EQ(last.id, "whole [cpus=4 mode=true]");
  EXPECT_EQ(last.point, (std::map<std::string, std::string>{{"cpus", "4"}, {"mode", "true"}}));
  EXPECT_EQ(last.guest.cpus, 4);
  EXPECT_EQ(last.guest.memory_mib, 512u);
  EXPECT_EQ(last.guest.numa, (std::vector<NumaCell>{{"0-1", 256}, {"2-3", 256}}));
  EXPECT_EQ(last.guest.append, "loglevel=8 x=true");
  EXPECT_EQ(plan.cases[0].guest.numa, (std::vector<NumaCell>{{"0", 256}, {"", 256}}));
  EXPECT_EQ(last.timeout, 2min);
  EXPECT_TRUE(last.checks.reports);
  EXPECT_FALSE(last.checks.taint);
  EXPECT_EQ(last.checks.allow_entries, std::vector<std::string>{"/sys/kernel/slab/*"});
  EXPECT_EQ(last.kernel_modules, std::vector<std::string>{"loop"});
  EXPECT_FALSE(last.skip.has_value());
  ASSERT_EQ(last.modules.size(), 2u);
  EXPECT_EQ(last.modules[0].name, "alpha");
  EXPECT_EQ(last.modules[0].kind, ModuleSource::Kind::folder);
  EXPECT_EQ(last.modules[1].name, "beta_two");
  EXPECT_TRUE(last.modules[1].path.is_absolute());
  EXPECT_EQ(last.modules[1].path.filename(), "beta");
}

TEST(Lowering, Expect) {
  const Plan plan = good(
      "module: alpha\n"
      "matrix: {what: [read, write]}\n"
      "expect: {report: [\"fault in ${what}\", /^BUG/], verdict: leaked, says: /thread '.*'/}\n"
      "steps: [load]\n");
  ASSERT_EQ(plan.cases.size(), 2u);
  ASSERT_TRUE(plan.cases[1].expect.has_value());
  const Expect &expect = *plan.cases[1].expect;
  EXPECT_EQ(expect.reports, (std::vector<wire::Pattern>{{wire::Pattern::Kind::literal, "fault in write"},
                                                        {wire::Pattern::Kind::regex, "^BUG"}}));
  EXPECT_EQ(expect.verdict, ExpectedVerdict::leaked);
  EXPECT_EQ(expect.says, (std::vector<wire::Pattern>{{wire::Pattern::Kind::regex, "thread '.*'"}}));
  EXPECT_EQ(expect.where.line, 3);
  EXPECT_FALSE(good(with_steps("  - load\n")).cases[0].expect.has_value());
}

TEST(Lowering, ParametersAreTakenAsWritten) {
  const Plan plan = whole();
  const auto &load = body<wire::Load>(plan.cases[0].steps[0]);
  ASSERT_EQ(load.modules.size(), 2u);
  EXPECT_EQ(load.modules[0], (wire::ModuleToLoad{"alpha", "/tmp/modules/alpha.ko", {}}));
  EXPECT_EQ(load.modules[1],
            (wire::ModuleToLoad{"beta_two", "/tmp/modules/beta_two.ko", {{"mode", "0x10"}, {"flag", "0x10"}}}));
  EXPECT_EQ(plan.cases[0].steps[0].guest->within, 30s);
  EXPECT_EQ(plan.cases[0].steps[0].guest->label, "load alpha beta_two");
}

TEST(Lowering, Dmesg) {
  const Step step = whole().cases[0].steps[1];
  EXPECT_EQ(step.guest->label, "dmesg in_order 2 absent 1 count 1 interval 1");
  EXPECT_EQ(step.guest->within, 5s);
  EXPECT_EQ(step.guest->hold_for, 300ms);
  EXPECT_EQ(step.where.line, 12);
  EXPECT_EQ(step.where.column, 5);
  EXPECT_EQ(step.source, "  - dmesg:");
  const auto &log = body<wire::LogCondition>(step);
  EXPECT_EQ(log.in_order, (std::vector<wire::Pattern>{{Kind::literal, "one"}, {Kind::regex, "two [0-9]+"}}));
  EXPECT_EQ(log.absent, (std::vector<wire::Pattern>{{Kind::literal, "bad"}}));
  EXPECT_EQ(log.counts, (std::vector<wire::Count>{{{Kind::literal, "tick"}, {2, 5}}}));
  EXPECT_EQ(log.intervals, (std::vector<wire::Interval>{{{Kind::literal, "tick"}, 800ms, 1200ms, 3}}));
  EXPECT_EQ(log.since, wire::LogScope::start);
  std::vector<std::pair<int, int>> parts;
  for (const Location &part : step.part_locations) parts.emplace_back(part.line, part.column);
  EXPECT_EQ(parts, (std::vector<std::pair<int, int>>{{13, 18}, {13, 23}, {14, 15}, {15, 14}, {16, 17}}));
}

TEST(Lowering, Conditions) {
  const Case first = whole().cases[0];
  const auto &threads = body<wire::ThreadCondition>(first.steps[2]);
  EXPECT_EQ(threads.thread, "alpha*");
  EXPECT_EQ(threads.count, (wire::Range{2, 2}));
  EXPECT_EQ(threads.states, "PS");
  EXPECT_EQ(threads.cpus, "0");
  EXPECT_EQ(threads.allowed, "0");
  EXPECT_FALSE(threads.absent);
  const auto &module = body<wire::ModuleCondition>(first.steps[3]);
  EXPECT_EQ(module.module, "beta_two");
  EXPECT_EQ(module.users->min, 1);
  EXPECT_EQ(module.size->max, 65535);
  EXPECT_EQ(module.used_by, std::vector<std::string>{});
  ASSERT_TRUE(first.steps[4].modinfo.has_value());
  EXPECT_FALSE(first.steps[4].guest.has_value());
  EXPECT_EQ(first.steps[4].modinfo->module, "alpha");
  EXPECT_EQ(first.steps[4].modinfo->fields,
            (std::map<std::string, wire::Pattern>{{"license", {Kind::literal, "GPL"}}, {"depends", {}}}));
  const auto &file = body<wire::FileCondition>(first.steps[5]);
  EXPECT_EQ(file.path, "/proc/alpha");
  ASSERT_TRUE(file.grows.has_value());
  EXPECT_EQ(file.grows->every, (wire::Interval{{}, 80ms, 120ms, 2}));
}

TEST(Lowering, Actions) {
  const Case first = whole().cases[0];
  EXPECT_EQ(body<wire::WriteFile>(first.steps[6]), (wire::WriteFile{"/proc/alpha", "1", 22}));
  EXPECT_EQ(first.steps[6].guest->within, 120s);
  const auto &run = body<wire::RunCommand>(first.steps[7]);
  EXPECT_EQ(run.command, "echo ${HOME}");
  EXPECT_EQ(run.out.absent, (std::vector<wire::Pattern>{{Kind::literal, "x"}}));
  EXPECT_EQ(run.out.number, (wire::Range{3, 3}));
  EXPECT_EQ(run.err.contains, (std::vector<wire::Pattern>{{Kind::regex, "y"}}));
  EXPECT_EQ(body<wire::Sleep>(first.steps[8]).duration, 1500ms);
  EXPECT_EQ(first.steps[8].guest->label, "sleep 1.5s");
  EXPECT_GT(first.steps[8].guest->within, 1500ms);
}

TEST(Lowering, UnloadsAtTheEndWhatThePlanLeavesLoaded) {
  const Step last = whole().cases[0].steps.back();
  EXPECT_EQ(last.key, "unload");
  EXPECT_EQ(last.source, "(unload at the end of the plan)");
  EXPECT_EQ(last.where.line, 10);
  EXPECT_EQ(body<wire::Unload>(last).modules, (std::vector<std::string>{"beta_two", "alpha"}));
}

TEST(Lowering, ARefusedLoadDoesNotCountAsLoaded) {
  const Plan plan = good("module: [alpha, beta]\nsteps:\n  - load: {errno: any}\n");
  ASSERT_EQ(plan.cases.at(0).steps.size(), 2u);
  EXPECT_EQ(body<wire::Load>(plan.cases[0].steps[0]).expected_errno, -1);
  EXPECT_EQ(body<wire::Unload>(plan.cases[0].steps[1]).modules, std::vector<std::string>{"alpha"});
  EXPECT_EQ(good(with_steps("  - load: {errno: EBUSY}\n")).cases.at(0).steps.size(), 1u);
}

TEST(Lowering, ShortForms) {
  const Plan plan =
      good(with_steps("  - load: alpha\n  - dmesg: hello\n  - dmesg: [a, b]\n  - ps: alpha\n  - lsmod\n"
                      "  - file: /sys/x\n  - run: ls\n  - unload:\n"));
  const std::vector<Step> &steps = plan.cases.at(0).steps;
  ASSERT_EQ(steps.size(), 8u);
  EXPECT_EQ(body<wire::LogCondition>(steps[1]).contains, (std::vector<wire::Pattern>{{Kind::literal, "hello"}}));
  EXPECT_EQ(body<wire::LogCondition>(steps[2]).contains.size(), 2u);
  EXPECT_EQ(body<wire::ThreadCondition>(steps[3]).thread, "alpha");
  EXPECT_EQ(body<wire::ModuleCondition>(steps[4]).module, "alpha");
  EXPECT_EQ(body<wire::FileCondition>(steps[5]).path, "/sys/x");
  EXPECT_EQ(body<wire::RunCommand>(steps[6]).exit_status, (wire::Range{0, 0}));
  EXPECT_EQ(body<wire::Unload>(steps[7]).modules, std::vector<std::string>{"alpha"});
}

TEST(Lowering, Repeat) {
  const Plan plan = good(
      "module: [alpha, beta]\nsteps:\n  - repeat: 100\n  - repeat: {times: 10, module: alpha, "
      "params: {a: 1}, for: 1s, within: 20s}\n");
  const std::vector<Step> &steps = plan.cases.at(0).steps;
  ASSERT_EQ(steps.size(), 2u);
  const std::vector<wire::ModuleToLoad> both = {{"alpha", "/tmp/modules/alpha.ko", {}},
                                                {"beta", "/tmp/modules/beta.ko", {}}};
  EXPECT_EQ(body<wire::Repeat>(steps[0]), (wire::Repeat{both, 10, 100, 10, 100ms}));
  EXPECT_EQ(steps[0].guest->label, "repeat 100");
  EXPECT_EQ(steps[0].guest->within, 120s);
  EXPECT_EQ(body<wire::Repeat>(steps[1]),
            (wire::Repeat{{{"alpha", "/tmp/modules/alpha.ko", {{"a", "1"}}}}, 2, 10, 10, 1s}));
  EXPECT_EQ(steps[1].guest->hold_for, 0s);
  EXPECT_EQ(steps[1].guest->within, 20s);
  // 110 rounds of 240.1 s and 12 of 41 s, in addition to the default.
  EXPECT_EQ(plan.cases[0].timeout, 60s + 26411s + 492s);
  EXPECT_EQ(good("timeout: 5s\n" + with_steps("  - repeat: 100\n")).cases.at(0).timeout, 5s);
}

TEST(Lowering, RepeatWantsItsModulesUnloadedAndASoundNumber) {
  EXPECT_EQ(complaints(with_steps("  - load\n  - repeat: 100\n")),
            std::vector<std::string>{"4:13: the module 'alpha' is loaded already (unload it first)"});
  EXPECT_EQ(complaints(with_steps("  - repeat: 9\n")),
            std::vector<std::string>{"3:13: 'times' has to be from 10 to 10000, not 9"});
  EXPECT_EQ(complaints(with_steps("  - repeat\n")),
            std::vector<std::string>{"3:5: the step 'repeat' needs a value (e.g. - repeat: 100)"});
}

TEST(Lowering, ChecksAllow) {
  const Plan plan = good("checks: {allow: [\"cache:a*\", \"growth:kmalloc-64\"]}\n" + with_steps("  - load\n"));
  EXPECT_EQ(plan.cases.at(0).checks.allow, (std::vector<std::string>{"cache:a*", "growth:kmalloc-64"}));
}

TEST(Lowering, LabelsAreOneShortLine) {
  const Plan plan = good(with_steps("  - run: \"" + std::string(70, 'x') + "\\ny\"\n  - run: \"a\\nb\"\n"));
  EXPECT_EQ(plan.cases.at(0).steps[0].guest->label, "run " + std::string(56, 'x'));
  EXPECT_EQ(plan.cases.at(0).steps[1].guest->label, "run a b");
}

}  // namespace
}  // namespace kmodtest::plan
