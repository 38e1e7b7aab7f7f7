// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/watch/watch_list.hpp"

#include <gtest/gtest.h>

#include "run/select/collect.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::run {
namespace {

namespace fs = std::filesystem;
using support::ScratchFolder;
using Places = std::set<std::size_t>;

/// Two plans, one of which has two cases, with a module each: case 0 is a's, 1 and 2 are b's.
class WatchListTest : public ::testing::Test {
 protected:
  WatchListTest() {
    scratch_.write("a/Kbuild", "obj-m := a.o\n");
    scratch_.write("a/a.c", "");
    scratch_.write("a/include/deep/a.h", "");
    scratch_.write("b/Kbuild", "obj-m := b.o\n");
    scratch_.write("a.yaml", "module: a\nsteps: [load]\n");
    scratch_.write("b.yaml", "module: b\nguest: {cpus: [1, 2]}\nsteps: [load]\n");
  }
  WatchList list(const std::vector<fs::path> &inputs) {
    auto collected = collect_plans(inputs, {});
    for (const auto &diagnostic : collected.diagnostics) ADD_FAILURE() << diagnostic.str();
    cases_ = select_cases(std::move(collected.plans), {});
    return WatchList(inputs, cases_);
  }
  fs::path path(const std::string &name) const { return root_ / name; }

  const ScratchFolder scratch_;
  const fs::path root_ = fs::canonical(scratch_.path());
  WatchList::Cases cases_;
};

TEST_F(WatchListTest, APlanTouchesItsCasesAndAModuleThoseThatUseIt) {
  const WatchList both = list({path("a.yaml"), path("b.yaml")});
  EXPECT_EQ(both.touched(path("a.yaml")), Places{0});
  EXPECT_EQ(both.touched(path("b.yaml")), (Places{1, 2}));
  EXPECT_EQ(both.touched(path("a/a.c")), Places{0});
  EXPECT_EQ(both.touched(path("a/Kbuild")), Places{0});
  EXPECT_EQ(both.touched(path("a/new.c")), Places{0});
  EXPECT_EQ(both.touched(path("b/b.c")), (Places{1, 2}));
  EXPECT_EQ(both.touched(path("c.yaml")), Places{});
  EXPECT_EQ(both.touched(path("a.yaml.orig")), Places{});
  EXPECT_EQ(both.touched(path("ab/x.c")), Places{}) << "a folder whose name begins alike";
  EXPECT_TRUE(both.touches_plans(path("a.yaml")));
  EXPECT_FALSE(both.touches_plans(path("a/a.c")));
}

TEST_F(WatchListTest, AHeaderAnywhereInTheModulesFolderCounts) {
  const WatchList one = list({path("a.yaml")});
  EXPECT_EQ(one.touched(path("a/include/deep/a.h")), Places{0});
  EXPECT_EQ(one.folders().count(path("a/include/deep")), 1u);
  EXPECT_EQ(one.touched(path("a/include/new")), Places{0}) << "a folder that comes may be full";
}

TEST_F(WatchListTest, WhatABuildOrAnEditorLeavesDoesNot) {
  const WatchList one = list({path("a.yaml")});
  for (const char *name : {"a/a.o", "a/a.ko", "a/a.mod.c", "a/.a.o.cmd", "a/Module.symvers", "a/modules.order",
                           "a/.a.c.swp", "a/a.c~", "a/#a.c#", "a/.git/index", "a/.#a.c"}) {
    EXPECT_EQ(one.touched(path(name)), Places{}) << name;
  }
}

TEST_F(WatchListTest, AFolderOfPlansTellsOfPlansThatComeAndGo) {
  const WatchList all = list({scratch_.path()});
  EXPECT_TRUE(all.touches_plans(path("c.yaml")));
  EXPECT_TRUE(all.touches_plans(path("c.yml")));
  EXPECT_TRUE(all.touches_plans(path("a.yaml")));
  EXPECT_FALSE(all.touches_plans(path("notes.txt")));
  EXPECT_FALSE(all.touches_plans(path(".gitlab-ci.yml")));
  EXPECT_FALSE(all.touches_plans(path("deeper/c.yaml"))) << "folders are not searched";
  EXPECT_FALSE(list({path("a.yaml")}).touches_plans(path("c.yaml")));
}

TEST_F(WatchListTest, AModuleWithoutAPlanIsWatchedToo) {
  const WatchList folder = list({path("a")});
  EXPECT_EQ(folder.touched(path("a/a.c")), Places{0});
  EXPECT_EQ(folder.folders().count(path("a")), 1u);
}

TEST_F(WatchListTest, ACompiledModuleIsAFile) {
  const WatchList file(std::vector<fs::path>{scratch_.write("x.ko", "")}, {});
  EXPECT_TRUE(file.touches_plans(path("x.ko")));
  EXPECT_EQ(file.folders(), (std::set<fs::path>{root_}));
}

TEST_F(WatchListTest, ALinkCountsLikeTheFileThatItLeadsTo) {
  scratch_.write("shared/common.h", "");
  fs::create_symlink("../shared/common.h", path("a/common.h"));
  fs::create_symlink("a.yaml", path("link.yaml"));
  const WatchList one = list({path("link.yaml")});
  EXPECT_EQ(one.touched(path("shared/common.h")), Places{0});
  EXPECT_EQ(one.folders().count(path("shared")), 1u);
  EXPECT_EQ(one.touched(path("link.yaml")), Places{0});
  EXPECT_EQ(one.touched(path("a.yaml")), Places{0});
}

TEST_F(WatchListTest, AFolderThatGoesTakesItsCasesWithIt) {
  const WatchList both = list({path("a.yaml"), path("b.yaml")});
  EXPECT_EQ(both.touched(path("a")), Places{0});
  EXPECT_EQ(both.touched(root_), (Places{0, 1, 2}));
  EXPECT_EQ(both.folders().count(root_), 1u) << "where it would come back";
}

TEST_F(WatchListTest, WhatIsNotThereIsWaitedForWhereItWouldCome) {
  const WatchList missing({path("later/on/x.yaml")}, {});
  EXPECT_EQ(missing.folders(), (std::set<fs::path>{root_}));
  EXPECT_TRUE(missing.touches_plans(path("later")));
  EXPECT_TRUE(missing.touches_plans(path("later/on/x.yaml")));
}

TEST_F(WatchListTest, AModuleThatAPlanMissesComesNearThePlan) {
  const WatchList one = list({path("a.yaml")});
  EXPECT_TRUE(one.near_plans(path("missing")));
  EXPECT_TRUE(one.near_plans(path("missing/Kbuild")));
  EXPECT_FALSE(one.near_plans(path(".a.yaml.swp")));
  EXPECT_FALSE(one.near_plans("/elsewhere/x.c"));
}

}  // namespace
}  // namespace kmodtest::run
