// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/kernel_switches.hpp"

#include <gtest/gtest.h>

#include "plan/case_text.hpp"
#include "plan_text.hpp"

namespace kmodtest::plan {
namespace {

using Strings = std::vector<std::string>;

const std::string kRest = "\nmodule: alpha\nsteps: [load]\n";

Case only_case(const std::string &guest, const Overrides &overrides = {}) {
  const Plan plan = good("guest: " + guest + kRest, overrides);
  EXPECT_EQ(plan.cases.size(), 1U);
  return plan.cases.empty() ? Case() : plan.cases.front();
}

TEST(KernelSwitches, AreWordsOfTheCommandLineAndNeeds) {
  const Case test_case = only_case(
      "{append: nosmt, slub_debug: \"FZ,kmalloc-*\", page_poison: true, kfence: 50, "
      "preempt: full}");
  EXPECT_EQ(test_case.guest.append,
            "nosmt slub_debug=FZ,kmalloc-* page_poison=1 kfence.sample_interval=50 preempt=full");
  EXPECT_EQ(test_case.needs, (std::vector<Need>{{"slub_debug", "CONFIG_SLUB_DEBUG"},
                                                {"page_poison", "CONFIG_PAGE_POISONING"},
                                                {"kfence", "CONFIG_KFENCE"},
                                                {"preempt", "CONFIG_PREEMPT_DYNAMIC"}}));
  EXPECT_EQ(test_case.id, "p [cpus=1]");
}

TEST(KernelSwitches, ChangeNothingIfTheyAreNotThere) {
  const Case test_case = only_case("{append: nosmt, page_poison: false}");
  EXPECT_EQ(test_case.guest.append, "nosmt");
  EXPECT_TRUE(test_case.needs.empty());
}

TEST(KernelSwitches, ModelsOfPreemptionAreAnAxis) {
  const Plan plan = good(
      "guest: {cpus: [1, 2], preempt: [full, none]}\nmatrix: {m: [a]}\nneeds: kasan\nmodule: alpha\n"
      "steps: [load, {run: \"echo ${preempt} ${m}\"}]\n");
  ASSERT_EQ(plan.cases.size(), 4U);
  EXPECT_EQ(plan.cases[0].id, "p [cpus=1 preempt=full m=a]");
  EXPECT_EQ(plan.cases[1].guest.append, "preempt=none");
  EXPECT_EQ(plan.cases[3].id, "p [cpus=2 preempt=none m=a]");
  EXPECT_EQ(plan.cases[3].steps.at(1).guest->label, "run echo none a");
  EXPECT_EQ(plan.cases[0].needs, (std::vector<Need>{{"preempt", "CONFIG_PREEMPT_DYNAMIC"}, {"kasan", "CONFIG_KASAN"}}));
  EXPECT_NE(case_text(plan.cases[1], {}).find("\n  append: \"preempt=none\"\n"), std::string::npos);
  EXPECT_EQ(case_text(plan.cases[1], {}).find("preempt:"), std::string::npos);
}

TEST(KernelSwitches, NameWhatIsWrong) {
  EXPECT_EQ(complaints("guest: {preempt: sometimes}" + kRest),
            Strings{"1:18: 'preempt' cannot be 'sometimes' (known here: full, voluntary, none)"});
  EXPECT_EQ(complaints("guest: {preempt: [full, ful]}" + kRest),
            Strings{"1:25: 'preempt' cannot be 'ful' (did you mean 'full'?)"});
  EXPECT_EQ(
      complaints("guest: {slub_debug: \"F init=/x\"}" + kRest),
      Strings{"1:21: 'slub_debug' cannot be 'F init=/x' (letters such as FZPU, and names of caches after a comma)"});
  EXPECT_EQ(complaints("guest: {kfence: 70000}" + kRest),
            Strings{"1:17: 'kfence' has to be from 0 to 60000, not 70000"});
  EXPECT_EQ(complaints("guest: {preempt: [full, none]}\nmatrix: {preempt: [full]}" + kRest),
            Strings{"2:10: 'preempt' is an axis already (guest: {preempt: …})"});
}

TEST(KernelSwitches, StrictTurnsOnWhatThePlanDoesNotMention) {
  Overrides strict;
  strict.strict = true;
  const std::string all = "slub_debug=FZP page_poison=1 kfence.sample_interval=100";
  EXPECT_EQ(only_case("{cpus: 1}", strict).guest.append, all);
  EXPECT_EQ(good("module: alpha\nsteps: [load]\n", strict).cases.at(0).guest.append, all);
  EXPECT_TRUE(only_case("{cpus: 1}", strict).needs.empty());
  EXPECT_EQ(only_case("{slub_debug: P, page_poison: false, kfence: 0}", strict).guest.append,
            "slub_debug=P kfence.sample_interval=0");
  const Plan made = plan_for_module({std::string(KMODTEST_TEST_DATA) + "/plans/modules/alpha"}, strict);
  EXPECT_EQ(made.cases.at(0).guest.append, all);
}

}  // namespace
}  // namespace kmodtest::plan
