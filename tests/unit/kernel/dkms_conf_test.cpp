// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/modules/dkms_conf.hpp"

#include <gmock/gmock.h>

namespace kmodtest::kernel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

DkmsConf conf(const std::string &text) {
  return DkmsConf("PACKAGE_NAME=\"pack\"\nPACKAGE_VERSION='1.0'\n" + text,
                  {.release = "6.1.0-50-cloud-amd64", .headers = "/h", .folder = "/copy"});
}

TEST(DkmsConf, FillsVariablesIn) {
  const auto read = conf(
      "# MAKE=no\nARGS=\"-C ${kernel_source_dir}\"\n"
      "MAKE[0]=\"make $ARGS \\\n  M=${dkms_tree}/$PACKAGE_NAME/${PACKAGE_VERSION}/build X='$no'\" # why\n"
      "MAKE[1]='$kernelver'; OTHER=/lib/modules/$kernelver/build\n");
  EXPECT_EQ(read.value("MAKE[0]"), "make -C /h   M=/copy X=''");
  EXPECT_EQ(read.value("MAKE"), read.value("MAKE[0]"));
  EXPECT_EQ(read.value("MAKE[1]"), "$kernelver");
  EXPECT_EQ(read.value("OTHER"), "/h");
  EXPECT_EQ(read.value("CLEAN"), "");
}

TEST(DkmsConf, CountsArrays) {
  const auto read = conf("i=0\nBUILT_MODULE_NAME[$i]=a\ni=$((i+1))\nBUILT_MODULE_NAME[$i]=b\n");
  EXPECT_THAT(read.values("BUILT_MODULE_NAME"), ElementsAre(Pair(0, "a"), Pair(1, "b")));
  EXPECT_FALSE(read.is_partly_unknown("BUILT_MODULE_NAME"));
  EXPECT_THAT(conf("BUILT_MODULE_NAME=x\n").values("BUILT_MODULE_NAME"), ElementsAre(Pair(0, "x")));
}

TEST(DkmsConf, KnowsWhatOnlyAShellCanTell) {
  const auto read = conf("A=`date`\nMAKE=\"make X=$A\"\nif [ -n \"$A\" ]; then\n  BUILT_MODULE_NAME[1]=b\nfi\n");
  EXPECT_EQ(read.value("MAKE"), std::nullopt);
  EXPECT_TRUE(read.is_partly_unknown("BUILT_MODULE_NAME"));
  EXPECT_THAT(read.values("BUILT_MODULE_NAME"), IsEmpty());
}

std::optional<std::string> excluded(const std::string &text) {
  const KernelConfig config("CONFIG_PCI=y\nCONFIG_NET=m\n");
  const auto exclusion = dkms_exclusion(conf(text), "6.1.0-50-cloud-amd64", config);
  return exclusion ? std::optional(exclusion->reason) : std::nullopt;
}

TEST(DkmsConf, SaysWhyAKernelIsExcluded) {
  EXPECT_EQ(excluded(""), std::nullopt);
  EXPECT_EQ(excluded("BUILD_EXCLUSIVE_KERNEL=\"^(5\\.|6\\.)\"\nBUILD_EXCLUSIVE_KERNEL_MIN=\"3.9\"\n"
                     "BUILD_EXCLUSIVE_ARCH=x86_64\nBUILD_EXCLUSIVE_CONFIG=\"CONFIG_PCI CONFIG_NET !CONFIG_USB\"\n"),
            std::nullopt);
  EXPECT_EQ(excluded("BUILD_EXCLUSIVE_KERNEL_MIN=6.7\n"),
            "dkms.conf: the module needs at least kernel 6.7, and this is 6.1.0-50-cloud-amd64");
  EXPECT_EQ(excluded("BUILD_EXCLUSIVE_KERNEL_MAX=5.10\n"),
            "dkms.conf: the module is for kernels up to 5.10, and this is 6.1.0-50-cloud-amd64");
  EXPECT_EQ(
      excluded("BUILD_EXCLUSIVE_CONFIG=\"CONFIG_USB CONFIG_PCI\"\n"),
      "dkms.conf: BUILD_EXCLUSIVE_CONFIG asks for CONFIG_USB, which the kernel 6.1.0-50-cloud-amd64 does not have");
  EXPECT_EQ(excluded("BUILD_EXCLUSIVE_ARCH=\"^do_not_build$\"\n"),
            "dkms.conf: BUILD_EXCLUSIVE_ARCH=\"^do_not_build$\" does not match x86_64");
}

TEST(ShellCommands, AreSplitAsTheShellWould) {
  const auto commands = shell_commands("(KDIR='a b' make -C x \"M=y z\" && make B; find . -exec mv {} y \\;)");
  ASSERT_EQ(commands.size(), 3u);
  EXPECT_THAT(commands[0].environment, ElementsAre(Pair("KDIR", "a b")));
  EXPECT_THAT(commands[0].words, ElementsAre("make", "-C", "x", "M=y z"));
  EXPECT_TRUE(commands[1].after_success);
  EXPECT_FALSE(commands[2].after_success);
  EXPECT_THAT(commands[2].words, ElementsAre("find", ".", "-exec", "mv", "{}", "y", ";"));
  EXPECT_FALSE(shell_commands("make > log").at(0).plain);
}

}  // namespace
}  // namespace kmodtest::kernel
