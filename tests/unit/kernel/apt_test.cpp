// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/catalogue/apt.hpp"

#include <gmock/gmock.h>

#include "storage/files.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

TEST(ParsePackages, ReadsSizesAndDependencies) {
  const auto packages = parse_packages(
      "Package: linux-headers-6.1\n"
      "Version: 6.1.1-1\n"
      "Installed-Size: 12\n"
      "Depends: linux-headers-common (= 6.1.1-1), linux-kbuild-6.1 (>= 6.1),linux-image-a | linux-image-a-unsigned,\n"
      " gcc-12:amd64\n"
      "Description: several\n"
      " lines: with a colon\n"
      "Size: 345\n"
      "SHA256: abcd\n"
      "\n"
      "Package: second\n"
      "Version: 2\n");
  ASSERT_EQ(packages.size(), 2U);
  EXPECT_EQ(packages[0].name, "linux-headers-6.1");
  EXPECT_EQ(packages[0].version, "6.1.1-1");
  EXPECT_EQ(packages[0].sha256, "abcd");
  EXPECT_EQ(packages[0].download_bytes, 345U);
  EXPECT_EQ(packages[0].installed_bytes, 12U * 1024);
  EXPECT_THAT(packages[0].depends,
              ::testing::ElementsAre("linux-headers-common", "linux-kbuild-6.1", "linux-image-a", "gcc-12"));
  EXPECT_EQ(packages[1].name, "second");
}

TEST(ParsePackages, LeavesOutWhatIsNoPackage) {
  EXPECT_TRUE(parse_packages("").empty());
  EXPECT_TRUE(parse_packages("N: Unable to locate package x\n\nPackage: a\n").empty());
}

TEST(ParsePackages, KnowsWhatEverySystemHas) {
  const auto packages = parse_packages(
      "Package: a\nVersion: 1\nEssential: yes\n\nPackage: b\nVersion: 1\nPriority: required\n\n"
      "Package: c\nVersion: 1\nPriority: optional\n");
  ASSERT_EQ(packages.size(), 3U);
  EXPECT_TRUE(packages[0].is_required);
  EXPECT_TRUE(packages[1].is_required);
  EXPECT_FALSE(packages[2].is_required);
}

TEST(ParseUris, ReadsNamesAndVersions) {
  const auto packages = parse_uris(
      "Reading package lists...\n"
      "'http://mirror/pool/d/dmsetup_1.02_amd64.deb' dmsetup_2%3a1.02_amd64.deb 82040 MD5Sum:0cf3\n"
      "'http://mirror/pool/n/netbase_6.4_all.deb' netbase_6.4_all.deb 12800 \n"
      "'http://mirror/broken' broken.deb 1\n'half\n");
  EXPECT_EQ(packages, (std::vector<ChosenPackage>{{"dmsetup", "2:1.02"}, {"netbase", "6.4"}}));
}

// Images of containers have a configuration that switches it off.
TEST(AptState, KeepsTheCacheThatSparesAptFromReadingAllListsAtEachCall) {
  const support::ScratchFolder scratch;
  const auto folder = scratch.path() / "apt";
  const AptState apt(folder);
  EXPECT_THAT(storage::read_whole_file(folder / "apt.conf"),
              ::testing::HasSubstr("Dir::Cache::pkgcache \"" + (folder / "pkgcache.bin").string() + "\";"));
}

}  // namespace
}  // namespace kmodtest::kernel
