// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/modules/makefiles.hpp"

#include <gmock/gmock.h>

#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MakefilesTest : public ::testing::Test {
 protected:
  Makefiles read(const std::string &text) {
    folder_.write("Makefile", text);
    return read_makefiles(folder_.path());
  }
  BuildWay way(const std::string &text) {
    folder_.write("Makefile", text);
    return build_way_of(folder_.path());
  }
  support::ScratchFolder folder_;
};

TEST_F(MakefilesTest, FindsTheVariablesOfTheKernel) {
  const auto found = read(
      "KVERSION := $(shell uname -r)\nMYTREE ?= /lib/modules/$(KVERSION)/build\n"
      "MODDIR = /lib/modules/$(KVERSION)/extra\nall:\n\tmake -C $(KSRC)\n");
  EXPECT_THAT(found.kernel_folders, ElementsAre("KSRC", "MYTREE"));
  EXPECT_THAT(found.kernel_releases, ElementsAre("KVERSION"));
  EXPECT_THAT(found.settings("/h", "6.1"), ElementsAre("KSRC=/h", "MYTREE=/h", "KVERSION=6.1"));
}

TEST_F(MakefilesTest, ReadsMakefilesBelowAndBackticks) {
  folder_.write("drv/Makefile", "DIR = /lib/modules/`uname -r`/build\n");
  EXPECT_THAT(read("# uname -r\nall: drv\n").kernel_folders, ElementsAre("DIR"));
}

TEST_F(MakefilesTest, LeavesAPartOfAReleaseAlone) {
  EXPECT_THAT(read("KVER := `uname -r | cut -d. -f1`\nall:\n\techo $(KVER)\n").kernel_releases, IsEmpty());
}

TEST_F(MakefilesTest, NamesTheLineThatNoVariableCanChange) {
  const auto found = read(
      "KDIR ?= /lib/modules/$(shell uname -r)/build\nall:\n"
      "\tmake -C /lib/modules/$(shell uname -r)/build M=$(PWD)\n");
  ASSERT_TRUE(found.running_kernel.has_value());
  EXPECT_EQ(found.running_kernel->line, 3);
  EXPECT_EQ(found.running_kernel->text, "make -C /lib/modules/$(shell uname -r)/build M=$(PWD)");
}

TEST_F(MakefilesTest, KbuildAloneReadsAUsualMakefile) {
  EXPECT_EQ(build_way_of(folder_.path()), BuildWay::none);
  EXPECT_EQ(way("obj-m := a.o\nKDIR ?= /lib/modules/$(shell uname -r)/build\nall:\n"
                "\t$(MAKE) -C $(KDIR) M=$(PWD) modules\nclean:\n\t$(MAKE) -C $(KDIR) M=$(PWD) X=1 clean\n"),
            BuildWay::kbuild);
  EXPECT_EQ(way("obj-m := a.o\nall:\n\t@make -C \"$(KDIR)\" M=\"`pwd`\" V=1 $@\n"), BuildWay::kbuild);
}

TEST_F(MakefilesTest, AnOwnRuleThatSaysMoreToKbuildIsFollowed) {
  EXPECT_EQ(way("obj-$(CONFIG_A) := a.o\nall:\n\t$(MAKE) -C $(KDIR) M=$(PWD) CONFIG_A=m modules\n"), BuildWay::own);
  EXPECT_EQ(way("obj-m := a.o\nall: config\n\t$(MAKE) -C $(KDIR) $(FLAGS) modules\n"), BuildWay::own);
  EXPECT_EQ(way("all:\n\t$(MAKE) -C drv\n"), BuildWay::own);
  folder_.write("Kbuild", "obj-m := a.o\n");
  EXPECT_EQ(build_way_of(folder_.path()), BuildWay::kbuild);
}

}  // namespace
}  // namespace kmodtest::kernel
