// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/fault.hpp"

#include <gtest/gtest.h>

#include "plan/case_text.hpp"
#include "plan_text.hpp"
#include "wire/faults.hpp"

namespace kmodtest::plan {
namespace {

using Strings = std::vector<std::string>;

Case case_of(const std::string &fail) {
  return good("module: alpha\n" + fail + "steps: [load, unload]\n").cases.at(0);
}

Strings keys(const Case &test_case) {
  Strings out;
  for (const Step &step : test_case.steps) out.push_back(step.key);
  return out;
}

TEST(Fault, APlanCanNameTheCall) {
  const Case test_case = case_of("fail: {nth: 3}\n");
  ASSERT_TRUE(test_case.fault);
  EXPECT_TRUE(has_fault(test_case));
  EXPECT_EQ(test_case.fault->from, 3u);
  EXPECT_EQ(test_case.fault->until, 3u);
  EXPECT_EQ(test_case.fault->chance, Fault::kAlways);
  EXPECT_EQ(test_case.id, "p [cpus=1]");
}

TEST(Fault, EveryCallFromOneOn) {
  const Case test_case = case_of("fail: {every: 2, functions: kmalloc}\n");
  EXPECT_EQ(test_case.fault->from, 2u);
  EXPECT_EQ(test_case.fault->until, Fault::kNoEnd);
  EXPECT_EQ(test_case.fault->functions, Strings{"kmalloc"});
}

TEST(Fault, SomeCallsByChance) {
  const Case test_case = case_of("fail: {percent: 5, seed: 7}\n");
  EXPECT_EQ(test_case.fault->from, 1u);
  EXPECT_EQ(test_case.fault->until, Fault::kNoEnd);
  EXPECT_EQ(test_case.fault->chance, Fault::kAlways / 20);
  EXPECT_EQ(test_case.fault->seed, 7u);
}

TEST(Fault, WhatIsToleratedLetsNothingFail) {
  const Case test_case = case_of("fail: {tolerates: [kmalloc@log_init]}\n");
  EXPECT_FALSE(has_fault(test_case));
  EXPECT_EQ(fault_of(test_case).tolerates, Strings{"kmalloc@log_init"});
  EXPECT_EQ(keys(test_case), (Strings{"load", "unload"}));
}

TEST(Fault, MemoryCanBeFollowedWithoutACallThatFails) {
  const Case test_case = case_of("checks: {memory: true}\n");
  EXPECT_TRUE(needs_fault_module(test_case));
  EXPECT_FALSE(has_fault(test_case));
  EXPECT_EQ(keys(test_case), (Strings{"load", "unload"}));
  EXPECT_FALSE(needs_fault_module(case_of("")));
}

TEST(Fault, TheModulesAreLoadedAgainWithoutAFailure) {
  const Case test_case = case_of("fail: {nth: 1}\n");
  EXPECT_EQ(keys(test_case), (Strings{"load", "unload", "unload", "write", "load", "unload"}));
  EXPECT_TRUE(wire::ends_faults(test_case.steps[3].guest->body));
  const auto &load = std::get<wire::Load>(test_case.steps[4].guest->body);
  ASSERT_EQ(load.modules.size(), 1u);
  EXPECT_EQ(load.modules[0].name, "alpha");
}

TEST(Fault, ALoadThatHasToBeRefusedIsNotRepeated) {
  const Case test_case = good("module: alpha\nfail: {nth: 1}\nsteps: [load: {errno: ENODEV}]\n").cases.at(0);
  EXPECT_EQ(keys(test_case), Strings{"load"});
}

TEST(Fault, ACaseForACallNamesIt) {
  const Case plain = case_of("fail: {tolerates: kmalloc}\n");
  const Case made = with_failing_call(plain, 3, "kmalloc@my_init+0x3e my.c:41");
  EXPECT_EQ(made.id, "p [cpus=1 fail=3:kmalloc@my_init+0x3e my.c:41]");
  EXPECT_EQ(id_to_select(made), "p [cpus=1 fail=3]");
  EXPECT_EQ(id_to_select(plain), "p [cpus=1]");
  EXPECT_EQ(made.options, (Strings{"--fail", "3"}));
  EXPECT_EQ(made.fault->tolerates, Strings{"kmalloc"});
  EXPECT_EQ(made.fault->from, 3u);
}

TEST(Fault, ItsTextHasTheSameMeaning) {
  for (const char *fail : {"fail: {nth: 3}\n", "fail: {every: 2}\n", "fail: {percent: 5, seed: 7}\n",
                           "fail: {nth: 1, functions: [kmalloc, vm*], tolerates: [kmalloc@log_init]}\n"}) {
    SCOPED_TRACE(fail);
    const Case test_case = case_of(fail);
    EXPECT_EQ(*case_of(fault_text(*test_case.fault)).fault, *test_case.fault);
    EXPECT_NE(case_text(test_case, {}).find(fault_text(*test_case.fault)), std::string::npos);
  }
}

TEST(Fault, ContradictionsAreErrors) {
  EXPECT_EQ(complaints("module: alpha\nfail: {nth: 1, every: 2}\nsteps: [load]\n"),
            Strings{"2:23: 'every' cannot be combined with 'nth' (one call fails)"});
  EXPECT_EQ(complaints("module: alpha\nfail: {seed: 2}\nsteps: [load]\n"),
            Strings{"2:14: 'seed' chooses the calls that 'percent' lets fail"});
}

}  // namespace
}  // namespace kmodtest::plan
