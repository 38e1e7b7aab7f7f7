// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/select/collect.hpp"

#include <cstdlib>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::run {
namespace {

namespace fs = std::filesystem;

plan::Overrides with_cpus(std::vector<int> cpus) {
  plan::Overrides overrides;
  overrides.cpus = std::move(cpus);
  return overrides;
}

class CollectTest : public ::testing::Test {
 protected:
  fs::path write(const std::string &name, const std::string &content) const { return scratch_.write(name, content); }
  void add_module(const std::string &name) const {
    write(name + "/Kbuild", "obj-m := " + name + ".o\n");
    write(name + "/" + name + ".c", "");
  }
  std::string error_of(const std::vector<fs::path> &inputs) const {
    try {
      collect_plans(inputs, {});
    } catch (const base::UsageError &error) {
      return error.what();
    }
    return "";
  }

  const support::ScratchFolder scratch_;
  const fs::path folder_ = scratch_.path();
};

std::vector<std::string> ids_of(const std::vector<std::shared_ptr<const plan::Case>> &cases) {
  std::vector<std::string> ids;
  for (const auto &test_case : cases) ids.push_back(test_case->id);
  return ids;
}

TEST_F(CollectTest, AFolderGivesItsPlansSortedByName) {
  add_module("m");
  write("b.yaml", "module: m\nsteps: [load]\n");
  write(".gitlab-ci.yml", "include: []\n");
  write("a.yml", "module: m\nguest: {cpus: [1, 2]}\nsteps: [load]\n");
  write("notes.txt", "no plan");
  auto collected = collect_plans({folder_}, {});
  EXPECT_FALSE(collected.has_errors());
  const auto cases = select_cases(std::move(collected.plans), {});
  EXPECT_EQ(ids_of(cases), (std::vector<std::string>{"a [cpus=1]", "a [cpus=2]", "b [cpus=1]"}));
}

TEST_F(CollectTest, ALinkInALoopOrAFifoHidesNoPlanAndStopsNothing) {
  add_module("m");
  write("a.yaml", "module: m\nsteps: [load]\n");
  fs::create_symlink("loop.yaml", folder_ / "loop.yaml");
  ASSERT_EQ(::mkfifo((folder_ / "fifo.yaml").c_str(), 0600), 0);
  EXPECT_EQ(collect_plans({folder_}, {}).plans.size(), 1u);
  EXPECT_EQ(error_of({folder_ / "fifo.yaml"}),
            "cannot read the plan " + (folder_ / "fifo.yaml").string() + ": Illegal seek");
  EXPECT_NE(error_of({folder_ / "loop.yaml"}), "");
}

TEST_F(CollectTest, AModuleFolderWithoutAPlanGetsTheMadeUpOne) {
  add_module("my-module");
  auto collected = collect_plans({folder_ / "my-module"}, with_cpus({2}));
  const auto cases = select_cases(std::move(collected.plans), {});
  EXPECT_EQ(ids_of(cases), (std::vector<std::string>{"my-module [cpus=2]"}));
}

TEST_F(CollectTest, AFolderOfAnyNameIsTestedWithAllThatItBuilds) {
  write("my driver-1.0/Makefile", "all:\n\tmake -C drv\n");
  plan::Overrides overrides;
  overrides.modules = {"my-core"};
  overrides.make = {"CONFIG_X=m"};
  const auto cases = select_cases(collect_plans({folder_ / "my driver-1.0"}, overrides).plans, {});
  ASSERT_EQ(ids_of(cases), (std::vector<std::string>{"my driver-1.0 [cpus=1]"}));
  const plan::ModuleSource &source = cases[0]->modules.at(0);
  EXPECT_TRUE(source.all);
  EXPECT_EQ(source.picks, std::vector<std::string>{"my_core"});
  EXPECT_EQ(source.build.make, std::vector<std::string>{"CONFIG_X=m"});
  EXPECT_EQ(cases[0]->input, folder_ / "my driver-1.0");
  EXPECT_EQ(cases[0]->options, (std::vector<std::string>{"--make", "CONFIG_X=m", "--module", "my-core"}));
}

TEST_F(CollectTest, TheOnlyFolderBelowThatBuildsModulesIsBuilt) {
  write("tree/README", "");
  write("tree/drv/Kbuild", "obj-m := drv.o\n");
  write("tree/doc/Makefile", "all:\n\ttrue\n");
  const auto cases = select_cases(collect_plans({folder_ / "tree"}, {}).plans, {});
  ASSERT_EQ(cases.size(), 1u);
  EXPECT_EQ(cases[0]->modules.at(0).path, folder_ / "tree/drv");
  EXPECT_EQ(cases[0]->modules.at(0).build.tree, folder_ / "tree");
  write("tree/other/Kbuild", "obj-m := other.o\n");
  EXPECT_EQ(error_of({folder_ / "tree"}),
            (folder_ / "tree").string() + " has no Makefile of its own, and several folders with modules: " +
                (folder_ / "tree/drv").string() + ", " + (folder_ / "tree/other").string());
}

TEST_F(CollectTest, BuiltModulesAreTakenCompressedInAFolderAndInAnArchive) {
  write("set/deep/a.ko.xz", "");
  write("pack.deb", "");
  write("b.ko.zst", "");
  const auto cases =
      select_cases(collect_plans({folder_ / "set", folder_ / "pack.deb", folder_ / "b.ko.zst"}, {}).plans, {});
  ASSERT_EQ(ids_of(cases), (std::vector<std::string>{"set [cpus=1]", "pack.deb [cpus=1]", "b [cpus=1]"}));
  EXPECT_EQ(cases[0]->modules.at(0).kind, plan::ModuleSource::Kind::collection);
  EXPECT_EQ(cases[1]->modules.at(0).kind, plan::ModuleSource::Kind::collection);
  EXPECT_EQ(cases[2]->modules.at(0).kind, plan::ModuleSource::Kind::file);
  EXPECT_EQ(cases[2]->companions.size(), 2u) << "what b needs can be in the others";
}

TEST_F(CollectTest, ACaseRemembersWhatOfTheCommandLineShapedIt) {
  add_module("m");
  const auto file = write("a.yaml", "module: m\nsteps: [load]\n");
  auto options = [&](const plan::Overrides &overrides) {
    return select_cases(collect_plans({file}, overrides).plans, {}).at(0)->options;
  };
  EXPECT_TRUE(options({}).empty());
  plan::Overrides all = with_cpus({8});
  all.kernels = {"host"};
  all.memory_mib = 512;
  all.time = plan::Time::real_time;
  all.seed = 7;
  all.module_roots = {"mods"};
  EXPECT_EQ(options(all), (std::vector<std::string>{"--cpus", "8", "--kernel", "host", "--memory", "512M", "--time",
                                                    "real", "--seed", "7", "--modules", "mods"}));
}

TEST_F(CollectTest, ACpuCountThatAPlanCannotHaveIsSkippedWithTheReason) {
  add_module("m");
  const auto file = write("a.yaml", "module: m\nguest: {cpus: 2}\nsteps: [load, {cpu: {offline: 1}}]\n");
  auto collected = collect_plans({file}, with_cpus({1, 4}));
  EXPECT_FALSE(collected.has_errors());
  const auto cases = select_cases(std::move(collected.plans), {});
  ASSERT_EQ(ids_of(cases), (std::vector<std::string>{"a [cpus=1]", "a [cpus=4]"}));
  ASSERT_TRUE(cases[0]->skip.has_value());
  EXPECT_EQ(cases[0]->skip->rfind("the plan does not fit 1 CPU: ", 0), 0u) << *cases[0]->skip;
  EXPECT_FALSE(cases[1]->skip.has_value());
}

TEST_F(CollectTest, TopologiesOfTheCommandLineAreRememberedOrSkipped) {
  add_module("m");
  const auto file = write("a.yaml", "module: m\nguest: {cpus: 2}\nsteps: [load, {cpu: {offline: 1}}]\n");
  plan::Overrides overrides;
  overrides.topologies = {{1, 1, 1, 1, "1x1x1"}, {4, 1, 2, 2, "1x2x2"}};
  const auto cases = select_cases(collect_plans({file}, overrides).plans, {});
  ASSERT_EQ(ids_of(cases), (std::vector<std::string>{"a [cpus=1 topology=1x1x1]", "a [cpus=4 topology=1x2x2]"}));
  EXPECT_EQ(cases[0]->skip,
            "the plan does not fit a topology of 1x1x1: the guest of this case has no CPU 1 (it has 1 CPU: 0)");
  EXPECT_EQ(cases[1]->skip, std::nullopt);
  EXPECT_EQ(cases[1]->options, (std::vector<std::string>{"--topology", "1x2x2"}));
  const auto made_up = select_cases(collect_plans({folder_ / "m"}, overrides).plans, {});
  ASSERT_EQ(ids_of(made_up), (std::vector<std::string>{"m [cpus=1 topology=1x1x1]", "m [cpus=4 topology=1x2x2]"}));
  EXPECT_EQ(made_up[1]->guest.threads, 2);
}

TEST_F(CollectTest, ErrorsOfAllPlansAreCollected) {
  add_module("m");
  write("a.yaml", "module: m\n");
  write("b.yaml", "module: m\nsteps: [laod]\n");
  const auto collected = collect_plans({folder_}, {});
  EXPECT_TRUE(collected.has_errors());
  EXPECT_EQ(collected.diagnostics.size(), 2u);
  EXPECT_TRUE(collected.plans.empty());
}

TEST_F(CollectTest, WhatIsNoPlanAndNoModuleIsRefused) {
  const auto text = write("notes.txt", "no plan");
  EXPECT_EQ(error_of({text}), text.string() + " is neither a plan (.yaml) nor a module (.ko)");
  fs::create_directory(folder_ / "empty");
  EXPECT_EQ(error_of({folder_ / "empty"}),
            "the folder " + (folder_ / "empty").string() + " has no plan (*.yaml) and no module (Kbuild, Makefile)");
  EXPECT_EQ(error_of({"/nowhere"}), "there is no file or folder /nowhere");
}

TEST_F(CollectTest, CasesAreSelectedByIdTextGlobAndTag) {
  add_module("m");
  write("a.yaml", "module: m\ntags: [quick]\nguest: {cpus: [1, 2, 4]}\nsteps: [load]\n");
  write("b.yaml", "module: m\nguest: {cpus: [1, 2]}\nsteps: [load]\n");
  auto select = [this](const Selection &selection) {
    return ids_of(select_cases(collect_plans({folder_}, {}).plans, selection));
  };
  EXPECT_EQ(select({{"a [cpus=4]"}, {}, {}}), (std::vector<std::string>{"a [cpus=4]"}));
  EXPECT_EQ(select({{}, {"cpus=2"}, {}}), (std::vector<std::string>{"a [cpus=2]", "b [cpus=2]"}));
  EXPECT_EQ(select({{}, {"b*"}, {}}), (std::vector<std::string>{"b [cpus=1]", "b [cpus=2]"}));
  EXPECT_EQ(select({{}, {"cpus=1"}, {"quick"}}), (std::vector<std::string>{"a [cpus=1]"}));
  EXPECT_TRUE(select({{}, {"zzz"}, {}}).empty());
}

TEST_F(CollectTest, AnUnknownCaseIsNamedWithASuggestion) {
  add_module("m");
  write("a.yaml", "module: m\nsteps: [load]\n");
  try {
    select_cases(collect_plans({folder_}, {}).plans, {{"a [cpu=1]"}, {}, {}});
    FAIL() << "no error";
  } catch (const base::UsageError &error) {
    EXPECT_STREQ(error.what(), "no plan has a case 'a [cpu=1]'");
    EXPECT_EQ(error.hint(), "did you mean 'a [cpus=1]'?");
  }
}

}  // namespace
}  // namespace kmodtest::run
