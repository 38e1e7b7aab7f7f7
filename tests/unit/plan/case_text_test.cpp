// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/case_text.hpp"

#include <filesystem>
#include <gtest/gtest.h>

#include "plan_text.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::plan {
namespace {

namespace fs = std::filesystem;

class CaseText : public ::testing::Test {
 protected:
  void file(const std::string &name) const { folder_.write(name, "x"); }

  std::vector<Case> parse(const std::string &text, const std::string &name) const {
    ParseResult result = parse_plan_text(text, folder_ / name);
    for (const Diagnostic &diagnostic : result.diagnostics) ADD_FAILURE() << diagnostic.str() << "in\n" << text;
    return result.plan ? result.plan->cases : std::vector<Case>();
  }

  /// Returns the case of its text, with the modules next to it.
  Case again(const Case &test_case, const RunChoices &choices) const {
    for (const ModuleSource &module : test_case.modules) file("bundle/" + bundled_module(module));
    const auto cases = parse(case_text(test_case, choices), "bundle/again.yaml");
    return cases.size() == 1 ? cases.front() : Case();
  }

  const support::ScratchFolder folder_;
};

TEST_F(CaseText, KeepsTheTopologyAndTheNodesOfTheCase) {
  file("alpha.ko");
  const auto cases = parse(R"(module: alpha.ko
guest: {topology: [1x4x1, 2x1x2], numa: [1, "0:64M/1-3:192M"], append: "x=${topology}"}
steps: [load, {run: "test ${threads} = 2"}]
)",
                           "shapes.yaml");
  ASSERT_EQ(cases.size(), 4u);
  EXPECT_EQ(case_text(cases[3], {}), R"(module:
  - {path: "./alpha.ko", name: "alpha"}
guest:
  topology: 2x1x2
  memory: 256M
  numa: "0:64M/1-3:192M"
  append: "x=2x1x2"
steps:
  - load
  - run: "test 2 = 2"
)");
  EXPECT_EQ(again(cases[3], {}).guest, cases[3].guest);
  EXPECT_EQ(again(cases[2], {}).guest, cases[2].guest);
}

TEST_F(CaseText, HasOneGuestTheFilledInVariablesAndTheModulesBesideIt) {
  file("my-mod/Kbuild");
  file("other.ko.xz");
  const auto cases = parse(R"(name: it counts
module: [my-mod, {path: other.ko.xz, name: other}]
kernel: [debian-6.1-cloud, debian-5.10-cloud]
guest: {cpus: [1, 4], append: "nosmt x=${cpu}"}
matrix: {cpu: [first, last]}
checks: {taint: false}
steps:
  - load: {params: {cpu: "${cpu}", text: "a $${b} \"c\""}}
  - dmesg:
      in_order: [Thread started, "/In function [0-9]+$/"]
      within: 6s
  - run: |
      echo one
      echo two
  - unload
)",
                           "counts.yaml");
  ASSERT_EQ(cases.size(), 6u);
  EXPECT_EQ(case_text(cases[2], {"debian-6.1-cloud", Time::virtual_time}), R"(module:
  - {path: "./my_mod.ko", name: "my_mod"}
  - {path: "./other.ko.xz", name: "other"}
kernel: debian-6.1-cloud
time: virtual
guest:
  cpus: 4
  memory: 256M
  append: "nosmt x=3"
name: it counts
checks:
  taint: false
steps:
  - load:
      params:
        cpu: "3"
        text: "a $${b} \"c\""
  - dmesg:
      in_order:
        - Thread started
        - "/In function [0-9]+$/"
      within: 6s
  - run: "echo one\necho two\n"
  - unload
)");
}

TEST_F(CaseText, ARunWithoutAPlanGetsOne) {
  file("x.ko");
  Overrides overrides;
  overrides.cpus = {2};
  const Case made = plan_for_module({folder_ / "x.ko"}, overrides).cases.front();
  EXPECT_EQ(case_text(made, {"", Time::real_time}), R"(name: "x"
module:
  - {path: "./x.ko", name: "x"}
time: real
guest:
  cpus: 2
  memory: 256M
steps:
  - load
  - sleep: 1s
  - unload
  - repeat: 10
)");
  Case read = again(made, {"", Time::virtual_time});
  // These are steps of a plan now.
  std::get<wire::Unload>(read.steps[2].guest->body).added = true;
  std::get<wire::Repeat>(read.steps[3].guest->body).added = true;
  ASSERT_EQ(read.steps.size(), made.steps.size());
  for (std::size_t i = 0; i < read.steps.size(); ++i) EXPECT_EQ(read.steps[i].guest, made.steps[i].guest);
  EXPECT_EQ(read.timeout, made.timeout);
}

TEST_F(CaseText, EveryCaseOfTheTreesPlansSaysTheSameInIts) {
  std::size_t compared = 0;
  for (const auto &entry : fs::directory_iterator(fs::path(KMODTEST_TEST_DATA) / "../../testplans")) {
    if (entry.path().extension() != ".yaml") continue;
    const ParseResult parsed = parse_plan_file(entry.path());
    ASSERT_TRUE(parsed.plan) << entry.path();
    for (const Case &test_case : parsed.plan->cases) {
      SCOPED_TRACE(test_case.id);
      const Case read = again(test_case, {"debian-6.1-cloud", Time::virtual_time});
      EXPECT_EQ(read.plan_name, test_case.plan_name.empty() ? "again" : test_case.plan_name);
      EXPECT_EQ(read.kernel, "debian-6.1-cloud");
      EXPECT_EQ(read.time, Time::virtual_time);
      EXPECT_EQ(read.guest, test_case.guest);
      EXPECT_EQ(read.kernel_modules, test_case.kernel_modules);
      EXPECT_EQ(read.timeout, test_case.timeout);
      EXPECT_EQ(read.checks.allow_entries, test_case.checks.allow_entries);
      ASSERT_EQ(read.steps.size(), test_case.steps.size());
      for (std::size_t i = 0; i < read.steps.size(); ++i) {
        EXPECT_EQ(read.steps[i].guest, test_case.steps[i].guest);
        EXPECT_EQ(read.steps[i].modinfo, test_case.steps[i].modinfo);
      }
      ++compared;
    }
  }
  EXPECT_GT(compared, 20u);
}

}  // namespace
}  // namespace kmodtest::plan
