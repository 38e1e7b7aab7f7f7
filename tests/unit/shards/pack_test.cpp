// SPDX-License-Identifier: GPL-2.0-or-later
#include "shards/pack.hpp"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.hpp"
#include "shards/pack_placer.hpp"
#include "storage/files.hpp"
#include "support/error_of.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::shards {
namespace {

namespace fs = std::filesystem;
using support::error_of;
using support::read_file;
using support::ScratchFolder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A cache with a kernel, a snapshot, an initramfs and a build, as other parts of kmodtest write them.
class Pack : public ::testing::Test {
 protected:
  Pack() {
    scratch_.write("cache/kernels/mine/manifest.yaml", "release: 6.1\n");
    scratch_.write("cache/kernels/mine/boot/vmlinuz", std::string(100'000, 'k'));
    scratch_.write("cache/kernels/mine/copy of vmlinuz", std::string(100'000, 'k'));
    scratch_.write("cache/kernels/mine/empty", "");
    fs::create_symlink("boot/vmlinuz", from() / "kernels/mine/link");
    scratch_.write("cache/snapshots/0f/manifest.json", "{}");
    scratch_.write("cache/snapshots/0f/memory", "page" + std::string(1'000'000, '\0') + "end");
    ::chmod((from() / "snapshots/0f/memory").c_str(), 0444);
    scratch_.write("cache/initramfs/07.cpio", "cpio");
    scratch_.write("cache/build/6.1/mine-1/.kmodtest-stamp", "settings\nbuilt mine.ko\ncontent 99\n");
    scratch_.write("cache/build/6.1/mine-1/mine.ko", "module");
    scratch_.write("cache/build/6.1/mine-1/mine.o", "not for others");
    provisions_.cache = from();
    provisions_.entries = {"kernels/mine", "snapshots/0f", "initramfs/07.cpio"};
    const auto build = kernel::ready_build_of(from() / "build/6.1/mine-1/mine.ko");
    provisions_.builds.emplace(build->place, *build);
    provisions_.qemu = "10.0.2";
  }

  fs::path from() const { return scratch_ / "cache"; }
  fs::path to() const { return scratch_ / "other"; }
  fs::path file() const { return scratch_ / "pack.tar.zst"; }
  void pack() {
    PackList list = list_entries(provisions_, "1.0");
    write_pack(list, file());
  }
  Unpacked unpack_it() const { return unpack(file(), to(), "1.0"); }

  ScratchFolder scratch_;
  run::Provisions provisions_;
};

TEST_F(Pack, ArrivesAsItWas) {
  pack();
  fs::create_directories(to());
  const Unpacked unpacked = unpack_it();
  EXPECT_EQ(unpacked.placed, 4U);
  EXPECT_EQ(read_file(to() / "kernels/mine/boot/vmlinuz"), std::string(100'000, 'k'));
  EXPECT_EQ(read_file(to() / "kernels/mine/copy of vmlinuz"), std::string(100'000, 'k'));
  EXPECT_EQ(read_file(to() / "kernels/mine/empty"), "");
  EXPECT_EQ(fs::read_symlink(to() / "kernels/mine/link"), "boot/vmlinuz");
  EXPECT_EQ(read_file(to() / "snapshots/0f/memory"), read_file(from() / "snapshots/0f/memory"));
  EXPECT_LT(storage::disk_usage(to() / "snapshots/0f/memory"), 100'000U) << "holes stay holes";
  EXPECT_EQ(fs::status(to() / "snapshots/0f/memory").permissions(), fs::perms(0444));
  EXPECT_EQ(fs::status(to() / "snapshots/0f").permissions(), fs::perms(0700));
  EXPECT_EQ(read_file(to() / "initramfs/07.cpio"), "cpio");
  EXPECT_EQ(read_file(to() / "ready/99/mine.ko"), "module");
  EXPECT_FALSE(fs::exists(to() / "ready/99/mine.o"));
  EXPECT_FALSE(fs::exists(to() / "unpacking"));
  EXPECT_EQ(unpack_it().placed, 0U) << "everything is there";
}

TEST_F(Pack, ReplacesWhatDiffersAndLeavesTheRest) {
  pack();
  scratch_.write("other/snapshots/0f/manifest.json", "{\"of\": \"this machine\"}");
  scratch_.write("other/snapshots/aa/manifest.json", "{}");
  scratch_.write("other/initramfs/07.cpio", "cpio");
  EXPECT_EQ(unpack_it().placed, 3U);
  EXPECT_EQ(read_file(to() / "snapshots/0f/manifest.json"), "{}");
  EXPECT_EQ(read_file(to() / "snapshots/aa/manifest.json"), "{}");
}

TEST_F(Pack, HasEachContentOnce) {
  pack();
  std::string big(3'000'000, '\0');
  std::uint32_t state = 1;
  for (char &byte : big) byte = static_cast<char>((state = state * 1664525U + 1013904223U) >> 24U);  // does not shrink
  scratch_.write("cache/kernels/mine/one", big);
  pack();
  const auto once = fs::file_size(file());
  scratch_.write("cache/kernels/mine/two", big);
  scratch_.write("cache/kernels/mine/three", big);
  pack();
  EXPECT_LT(fs::file_size(file()), once + 10'000);
}

TEST_F(Pack, ChangesNothingIfItIsCutOffOrDamaged) {
  pack();
  fs::create_directories(to());
  const std::string whole = read_file(file());
  for (const std::size_t size : {whole.size() / 2, whole.size() - 40, whole.size() - 1}) {
    scratch_.write("pack.tar.zst", whole.substr(0, size));
    EXPECT_THAT(error_of([this] { unpack_it(); }), HasSubstr("pack")) << size;
    EXPECT_FALSE(fs::exists(to() / "kernels")) << size;
    EXPECT_FALSE(fs::exists(to() / "unpacking")) << size;
  }
}

TEST_F(Pack, FindsAFileThatIsNotWhatTheListSays) {
  PackList list = list_entries(provisions_, "1.0");
  for (PackEntry &entry : list.entries) list_files(entry);
  PackPlacer placer(to(), list);
  for (const PackEntry &entry : list.entries) {
    for (const PackFile &each : entry.files) {
      std::string content = each.link.empty() ? read_file(place_of(entry, each)) : "";
      if (content == "cpio") content = "gpio";
      if (!content.empty()) {
        try {
          placer.take(each.sha256, content);
        } catch (const base::Error &error) {
          EXPECT_EQ(error.code(), base::Code::damaged_pack);
          return;
        }
      }
    }
  }
  EXPECT_THAT(error_of([&] { placer.finish(); }), HasSubstr("its checksum differs"));
  EXPECT_FALSE(fs::exists(to() / "kernels"));
}

TEST_F(Pack, RefusesWhatIsNoPackAndOtherVersions) {
  pack();
  EXPECT_THAT(error_of([this] { unpack(file(), to(), "2.0"); }),
              HasSubstr("packed by kmodtest 1.0, and this is kmodtest 2.0"));
  EXPECT_THAT(error_of([this] { unpack(scratch_.write("notes.tar.zst", "no pack"), to(), "1.0"); }),
              HasSubstr("is not a pack of kmodtest"));
  EXPECT_THAT(error_of([this] { unpack(scratch_ / "nothing", to(), "1.0"); }), HasSubstr("no such file"));
}

TEST_F(Pack, HasNoNameThatLeadsOutOfTheCache) {
  PackList list = list_entries(provisions_, "1.0");
  for (const char *name : {"../elsewhere", "/etc", "kernels/../../x", "", "."}) {
    PackList bad = list;
    bad.entries[0].name = name;
    EXPECT_FALSE(parse_pack_list(pack_list_text(bad))) << name;
  }
  list.entries[0].files = {{.name = "../x", .sha256 = "0"}};
  EXPECT_FALSE(parse_pack_list(pack_list_text(list)));
  EXPECT_FALSE(parse_pack_list("{}"));
  EXPECT_FALSE(parse_pack_list("not JSON"));
}

TEST_F(Pack, SaysWhyGuestsAreBootedAgain) {
  PackList list = list_entries(provisions_, "1.0");
  EXPECT_THAT(differences(list, "10.0.2"), IsEmpty());
  EXPECT_THAT(differences(list, "7.2").at(0), HasSubstr("saved by QEMU 10.0.2, and this machine has QEMU 7.2"));
  list.agent = list.busybox = "another";
  EXPECT_EQ(differences(list, "10.0.2").size(), 2U);
}

}  // namespace
}  // namespace kmodtest::shards
