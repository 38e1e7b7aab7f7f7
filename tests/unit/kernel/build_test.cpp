// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdlib>
#include <gmock/gmock.h>

#include "elf_module.hpp"
#include "kernel/modules/module.hpp"
#include "kernel/modules/ready_build.hpp"
#include "kernel_with_headers.hpp"
#include "storage/files.hpp"
#include "support/error_of.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

using support::error_of;
using support::ScratchFolder;

/// "Headers" whose Makefile replaces Kbuild: it copies each .c of the module's folder to a .ko, and fails on a file
/// named bad.c. The real Kbuild is tested in tests/e2e.
class Build : public ::testing::Test {
 protected:
  Build() {
    folder_.write("headers/Makefile",
                  "modules:\n"
                  "\t@echo run $(EXTRA) >> $(M)/../runs\n"
                  "\t@if test -e $(M)/bad.c; then echo \"$(M)/bad.c:1:1: error: bad\" >&2; exit 1; fi\n"
                  "\t@for f in $(M)/*.c; do cp $$f $${f%.c}.ko; done\n");
    folder_.write("src/mine/Kbuild", "obj-m += mine.o\n");
    folder_.write("src/mine/mine.c", "one");
  }

  BuildResult build(const std::string &name = "mine") {
    return build_module({.folder = source()}, name, kernel_, folder_.path() / "cache");
  }
  TreeBuild build_all(const std::string &folder, BuildWish wish = {}) {
    wish.folder = folder_.path() / folder;
    return build_tree(wish, kernel_, folder_.path() / "cache");
  }
  /// Returns what the only module of a folder has as its content.
  std::string built(const std::string &folder, BuildWish wish = {}) {
    const auto modules = build_all(folder, std::move(wish)).modules;
    return modules.size() == 1 ? storage::read_whole_file(modules.front())
                               : std::to_string(modules.size()) + " modules";
  }
  std::string source() const { return (folder_.path() / "src/mine").string(); }
  void remove(const std::string &name) { std::filesystem::remove(folder_.path() / name); }

  ScratchFolder folder_;
  Kernel kernel_ = kernel_with_headers(folder_.path() / "headers");
};

TEST_F(Build, AReadyBuildServesAnotherMachineWithoutHeadersOrCompiler) {
  const auto made = build();
  const auto travels = ready_build_of(made.ko);
  ASSERT_TRUE(travels);
  EXPECT_EQ(travels->files.front(), ".kmodtest-stamp");
  for (const auto &file : travels->files) {
    const auto to = folder_.path() / "other cache" / travels->place / file;
    std::filesystem::create_directories(to.parent_path());
    std::filesystem::copy_file(travels->folder / file, to);
  }
  std::filesystem::rename(folder_.path() / "src", folder_.path() / "moved");
  Kernel there = kernel_;
  there.headers.clear();
  const auto other_cache = folder_.path() / "other cache";
  const BuildWish wish{.folder = folder_.path() / "moved/mine"};
  const auto found = build_module(wish, "mine", there, other_cache);
  EXPECT_FALSE(found.rebuilt);
  EXPECT_EQ(storage::read_whole_file(found.ko), "one");
  EXPECT_EQ(ready_build_of(found.ko)->place, travels->place) << "it can travel on";

  folder_.write("moved/mine/mine.c", "two");
  EXPECT_THAT(error_of([&] { build_module(wish, "mine", there, other_cache); }), ::testing::HasSubstr("headers"))
      << "other sources: it is not a build of these";
  folder_.write("moved/mine/mine.c", "one");
  there.digest = "another kernel";
  EXPECT_THAT(error_of([&] { build_module(wish, "mine", there, other_cache); }), ::testing::HasSubstr("headers"));
}

TEST_F(Build, BuildsOnceAndLeavesTheSourceClean) {
  const auto first = build();
  EXPECT_TRUE(first.rebuilt);
  EXPECT_EQ(first.ko.filename(), "mine.ko");
  EXPECT_EQ(storage::read_whole_file(first.ko), "one");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(source()), {}), 2);
  const auto second = build();
  EXPECT_FALSE(second.rebuilt);
  EXPECT_EQ(second.ko, first.ko);
}

TEST_F(Build, BuildsAgainWhenSomethingChanged) {
  build();
  folder_.write("src/mine/mine.c", "two");
  const auto changed = build();
  EXPECT_TRUE(changed.rebuilt);
  EXPECT_EQ(storage::read_whole_file(changed.ko), "two");
  folder_.write("src/mine/new.h", "");
  EXPECT_TRUE(build().rebuilt);
  kernel_.make_arguments.emplace_back("EXTRA=1");
  EXPECT_TRUE(build().rebuilt);
  kernel_.digest = "fedcba9876543210";
  const auto other_kernel = build();
  EXPECT_TRUE(other_kernel.rebuilt);
  EXPECT_NE(other_kernel.ko, changed.ko);
  EXPECT_FALSE(build().rebuilt);
}

TEST_F(Build, KeepsFunctionsInStacksAndAsksForDebugInformationWhereTheKernelDoesNot) {
  folder_.write("headers/Makefile", "modules:\n\t@echo \"flags '$(KCFLAGS)'\" > $(M)/mine.ko\n");
  EXPECT_EQ(storage::read_whole_file(build().ko), "flags ''\n") << "nothing is known of its configuration";
  folder_.write("headers/include/config/auto.conf", "CONFIG_SMP=y\n");
  EXPECT_EQ(storage::read_whole_file(build().ko), "flags '-fno-optimize-sibling-calls -g'\n");
  folder_.write("headers/include/config/auto.conf", "CONFIG_SMP=y\nCONFIG_DEBUG_INFO=y\n");
  EXPECT_EQ(storage::read_whole_file(build().ko), "flags '-fno-optimize-sibling-calls'\n");
  folder_.write("headers/include/config/auto.conf", "CONFIG_SMP=y\n");
  kernel_.make_arguments.emplace_back("KCFLAGS=-O1");
  EXPECT_EQ(storage::read_whole_file(build().ko), "flags '-O1'\n");
}

TEST_F(Build, AModuleThatWasRemovedIsGone) {
  folder_.write("src/mine/old.c", "old");
  build();
  remove("src/mine/old.c");
  const auto ko = build().ko;
  EXPECT_FALSE(std::filesystem::exists(ko.parent_path() / "old.ko"));
}

TEST_F(Build, AFailureShowsTheFirstErrorAndKeepsTheCompilersWordsWithTheUsersPaths) {
  folder_.write("src/mine/bad.c", "");
  try {
    build();
    FAIL() << "it built";
  } catch (const BuildError &error) {
    EXPECT_STREQ(error.what(), "mine does not build for the kernel k: bad.c:1:1: error: bad");
    EXPECT_THAT(error.excerpt(), ::testing::ElementsAre("bad.c:1:1: error: bad"));
    EXPECT_THAT(error.output(), ::testing::HasSubstr(source() + "/bad.c:1:1: error: bad\n"));
  }
  remove("src/mine/bad.c");
  EXPECT_TRUE(build().rebuilt);
}

TEST_F(Build, FindsTheModuleThatIsMeant) {
  EXPECT_EQ(build("anything").ko.filename(), "mine.ko") << "the only one";
  folder_.write("src/mine/a-b.c", "");
  EXPECT_EQ(build("a_b").ko.filename(), "a-b.ko");
  EXPECT_EQ(error_of([&] { build("anything"); }),
            source() +
                " builds several modules (a-b.ko, mine.ko), none of them named anything.ko | specify which one: "
                "{path: FOLDER, name: NAME}");
}

TEST_F(Build, RefusesAFolderOfSeveralModulesBeforeAnythingIsCompiled) {
  folder_.write("headers/include/config/auto.conf", "CONFIG_B=m\n");
  folder_.write("src/mine/Kbuild", "ifneq ($(KERNELRELEASE),)\nobj-m := a.o\nobj-$(CONFIG_B) += b.o\nendif\n");
  EXPECT_EQ(error_of([&] { build(); }),
            source() +
                " builds several modules (a.ko, b.ko), none of them named mine.ko | specify which one: {path: FOLDER, "
                "name: NAME}");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "cache/build/6.1.0-0123456789ab/runs"));
  EXPECT_EQ(build("b").ko.filename(), "mine.ko") << "what was built decides";
}

std::vector<std::string> names_of(const TreeBuild &build) {
  std::vector<std::string> names;
  for (const auto &module : build.modules) names.push_back(module.filename());
  return names;
}

TEST_F(Build, BuildsAllModulesOfAFolderWithAnyName) {
  folder_.write("my driver-1.0/Kbuild", "obj-m := b.o a.o\n");
  folder_.write("my driver-1.0/b.c", "");
  folder_.write("my driver-1.0/a.c", "");
  EXPECT_THAT(names_of(build_all("my driver-1.0")), ::testing::ElementsAre("a.ko", "b.ko"));
  EXPECT_FALSE(build_all("my driver-1.0").rebuilt);
}

TEST_F(Build, CopiesWhatTheFolderNamesAboveIt) {
  folder_.write("tree/drv/Kbuild", "obj-m := mine.o\nccflags-y := -I$(src)/../include\n");
  folder_.write("tree/drv/mine.c", "#include \"../common/shared.h\"\n");
  folder_.write("tree/include/up.h", "");
  folder_.write("tree/common/shared.h", "");
  folder_.write("tree/huge/data.bin", "");
  const auto ko = build_all("tree/drv").modules.at(0);
  const auto copy = ko.parent_path().parent_path();
  EXPECT_TRUE(std::filesystem::exists(copy / "include/up.h"));
  EXPECT_TRUE(std::filesystem::exists(copy / "common/shared.h"));
  EXPECT_FALSE(std::filesystem::exists(copy / "huge"));
  folder_.write("tree/include/up.h", "changed");
  EXPECT_TRUE(build_all("tree/drv").rebuilt);
}

TEST_F(Build, AMakefileThatIsNoKbuildRunsInTheCopyWithTheKernelsVariables) {
  folder_.write("own/Makefile",
                "KVERSION := $(shell uname -r)\n"
                "MODLIB = /lib/modules/$(KVERSION)\n"
                "SOURCES ?= /lib/modules/$(KVERSION)/build\n"
                "all:\n\t@echo \"$(KVERSION) $(SOURCES) $(KDIR) $(PWD)\" > drv/all.txt\n"
                "\t$(MAKE) -C $(SOURCES) M=$(PWD)/drv modules EXTRA=1\n");
  folder_.write("own/drv/Kbuild", "obj-m := mine.o\n");
  folder_.write("own/drv/mine.c", ElfModule{}.bytes());
  const auto ko = build_all("own").modules.at(0);
  const auto copy = ko.parent_path().parent_path();
  const std::string headers = kernel_.headers.string();
  EXPECT_EQ(storage::read_whole_file(copy / "drv/all.txt"),
            "6.1.0 " + headers + " " + headers + " " + copy.string() + "\n");
}

TEST_F(Build, VariablesAndATargetReachMake) {
  folder_.write("headers/Makefile", "modules:\n\t@echo \"$(CONFIG_X) $(LEAKS)\" > $(M)/mine.ko\n");
  ::setenv("LEAKS", "from outside", 1);
  EXPECT_EQ(built("src/mine"), " \n") << "the environment does not reach a build";
  ::unsetenv("LEAKS");
  EXPECT_EQ(built("src/mine", {.folder = {}, .variables = {"CONFIG_X=m", "LEAKS=a b"}}), "m a b\n");
}

TEST_F(Build, FindsAMakefileThatBuildsForAnotherKernel) {
  ElfModule other;
  other.modinfo = {"license=GPL", "vermagic=5.5.5 SMP ", "name=mine"};
  folder_.write("own/mine.bin", other.bytes());
  folder_.write("own/Makefile",
                "# builds\nall:\n\tmake -C /lib/modules/`uname -r`/build M=$(PWD) -n || true; cp mine.bin mine.ko\n");
  EXPECT_EQ(error_of([&] { build_all("own"); }),
            "mine.ko was built for the kernel 5.5.5, not for 6.1.0: see line 3 of " +
                (folder_.path() / "own/Makefile").string() +
                ": make -C /lib/modules/`uname -r`/build M=$(PWD) -n || true; cp mine.bin mine.ko | write KDIR ?= "
                "/lib/modules/$(shell uname -r)/build there and $(KDIR) where it is used: kmodtest sets KDIR");
}

TEST_F(Build, FollowsADkmsConf) {
  folder_.write("pack-1.0/dkms.conf",
                "PACKAGE_NAME=pack\nPACKAGE_VERSION=1.0\nBUILT_MODULE_NAME[0]=mine\n"
                "MAKE[0]=\"make -C ${kernel_source_dir} M=${dkms_tree}/${PACKAGE_NAME}/${PACKAGE_VERSION}/build/src "
                "modules EXTRA='a b'\"\n");
  folder_.write("pack-1.0/src/Kbuild", "obj-m := mine.o\n");
  folder_.write("pack-1.0/src/mine.c", ElfModule{}.bytes());
  folder_.write("pack-1.0/src/test.c", "not installed");
  EXPECT_THAT(names_of(build_all("pack-1.0")), ::testing::ElementsAre("mine.ko"));
  folder_.write("pack-1.0/dkms.conf", "PACKAGE_NAME=pack\nPACKAGE_VERSION=1.0\nBUILD_EXCLUSIVE_KERNEL=\"^7\\.\"\n");
  EXPECT_EQ(build_all("pack-1.0").skip, "dkms.conf: BUILD_EXCLUSIVE_KERNEL=\"^7\\.\" does not match 6.1.0");
}

TEST_F(Build, RunsNothingButMakeUnlessItIsAllowed) {
  folder_.write("pack/dkms.conf", "PACKAGE_NAME=pack\nPACKAGE_VERSION=1\nPRE_BUILD=\"cp one.txt mine.c\"\n");
  folder_.write("pack/Kbuild", "obj-m := mine.o\n");
  folder_.write("pack/one.txt", "generated");
  EXPECT_EQ(
      error_of([&] { build_all("pack"); }),
      "dkms.conf runs 'cp one.txt mine.c' before make (PRE_BUILD), and nothing but make runs without being allowed "
      "| allow it with --build-scripts: it runs on this machine, in a copy of the folder");
  EXPECT_EQ(built("pack", {.folder = {}, .scripts = true}), "generated");
  const std::string before = error_of([&] { build_all("src/mine", {.folder = {}, .before = "./configure"}); });
  EXPECT_THAT(before, ::testing::StartsWith("the build has to run './configure' first (before), and nothing but make"));
  EXPECT_EQ(built("src/mine", {.folder = {}, .before = "echo two > mine.c", .scripts = true}), "two\n");
}

TEST_F(Build, LeavesFoldersBelowToTheBuild) {
  folder_.write("headers/include/config/auto.conf", "");
  folder_.write("src/mine/Kbuild", "obj-m := a.o b.o sub/\n");
  EXPECT_EQ(build().ko.filename(), "mine.ko");
}

TEST_F(Build, SaysWhatIsMissing) {
  remove("src/mine/Kbuild");
  EXPECT_EQ(error_of([&] { build(); }),
            source() + " has neither a Kbuild nor a Makefile | write a file Kbuild with the line `obj-m += mine.o`");
  folder_.write("src/mine/Kbuild", "");
  kernel_.make_arguments = {"CC=no-such-compiler"};
  EXPECT_EQ(error_of([&] { build(); }),
            "the compiler 'no-such-compiler', which the kernel k asks for, is missing | install the package "
            "no-such-compiler");
  kernel_.headers.clear();
  EXPECT_EQ(error_of([&] { build(); }),
            "nothing can be built for the kernel k: its headers are not known | give their "
            "folder with --headers, or a compiled .ko");
}

TEST_F(Build, RefusesACacheThatKbuildCannotWorkIn) {
  const auto cache = folder_.path() / "my cache";
  const auto message = error_of([&] { build_module({.folder = source()}, "mine", kernel_, cache); });
  EXPECT_THAT(message,
              ::testing::StartsWith("Kbuild cannot work in " + cache.string() + "/build/6.1.0-0123456789ab/mine-"));
  EXPECT_THAT(message,
              ::testing::EndsWith(": its path has a space or a colon | set KMODTEST_CACHE to a folder without them"));
}

}  // namespace
}  // namespace kmodtest::kernel
