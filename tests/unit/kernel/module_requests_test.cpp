// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/modules/module_requests.hpp"

#include <gmock/gmock.h>

#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A kernel with a few modules.
class Requests : public ::testing::Test {
 protected:
  Requests() {
    folder_.write("modules.dep",
                  "kernel/net/dummy.ko.xz:\n"
                  "kernel/fs/vfat.ko: kernel/fs/fat.ko\n"
                  "kernel/fs/fat.ko:\n"
                  "kernel/net/tcp-one.ko:\n"
                  "kernel/net/tcp_two.ko:\n"
                  "kernel/crypto/crc.ko:\n");
    folder_.write("modules.builtin", "kernel/drivers/char/random.ko\n");
    folder_.write("modules.alias",
                  "alias fs-vfat vfat\nalias rtnl-link-dummy dummy\nalias crypto-crc crc\nalias pci:v*d*sv* dummy\n");
    folder_.write("modules.softdep", "softdep fat pre: crypto-crc\n");
  }

  std::vector<std::string> files(const std::vector<std::string> &names) const {
    std::vector<std::string> result;
    for (const auto &file : RequestableModules(folder_.path()).named_by(names).files)
      result.push_back(file.filename().string());
    return result;
  }

  const support::ScratchFolder folder_;
};

TEST_F(Requests, ANameBringsTheModuleAndWhatItNeeds) {
  EXPECT_THAT(files({"dummy"}), ElementsAre("dummy.ko.xz"));
  EXPECT_THAT(files({"tcp_one"}), ElementsAre("tcp-one.ko"));
  EXPECT_THAT(files({"fs-vfat"}), ElementsAre("fat.ko", "vfat.ko", "crc.ko"));
}

TEST_F(Requests, TheEndOfAnAliasIsWhatTheKernelPutsAPrefixBefore) {
  EXPECT_THAT(files({"vfat"}), ElementsAre("fat.ko", "vfat.ko", "crc.ko"));
  EXPECT_THAT(files({"crc"}), ElementsAre("crc.ko"));
}

TEST_F(Requests, AKnownPrefixIsPutBeforeAName) {
  EXPECT_THAT(files({"two"}), ElementsAre("tcp_two.ko"));
  EXPECT_THAT(files({"mmy"}), IsEmpty());
}

TEST_F(Requests, AnAliasIsAGlobAndAFormatIsOne) {
  EXPECT_THAT(files({"pci:v1d2sv3"}), ElementsAre("dummy.ko.xz"));
  EXPECT_THAT(files({"tcp_%s"}), ElementsAre("tcp-one.ko", "tcp_two.ko"));
  EXPECT_THAT(files({"%s-%d"}), IsEmpty());
}

TEST_F(Requests, AVeryLargeModuleIsLeftOut) {
  folder_.write("kernel/crypto/crc.ko", std::string(1000, 'x'));
  folder_.write("kernel/fs/vfat.ko", "");
  std::filesystem::resize_file(folder_.path() / "kernel/fs/vfat.ko", kMostRequestable + 1);
  EXPECT_THAT(files({"vfat", "crc"}), ElementsAre("crc.ko"));
}

TEST_F(Requests, OtherNamesBringNothing) {
  const auto selection = RequestableModules(folder_.path()).named_by({"nosuch", "v", "link"});
  EXPECT_TRUE(selection.empty());
}

TEST_F(Requests, TheFilesOfModprobeNameWhatLiesInOneFolder) {
  const auto selection = RequestableModules(folder_.path()).named_by({"vfat", "random"});
  EXPECT_EQ(selection.dependencies, "fat.ko:\nvfat.ko: fat.ko\ncrc.ko:\n");
  EXPECT_EQ(selection.aliases, "alias fs-vfat vfat\nalias crypto-crc crc\n");
  EXPECT_EQ(selection.builtin, "kernel/random.ko\n");
}

TEST(PossibleNames, AreWordsWithALetter) {
  EXPECT_THAT(possible_names("mount -t vfat /dev/loop0 /mnt; echo 12"),
              ElementsAre("mount", "-t", "vfat", "dev", "loop0", "mnt", "echo"));
  EXPECT_THAT(possible_names("cbc(aes)"), ElementsAre("cbc", "aes"));
  EXPECT_THAT(possible_names("net-pf-%d"), ElementsAre("net-pf-%d"));
}

}  // namespace
}  // namespace kmodtest::kernel
