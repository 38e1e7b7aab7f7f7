// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdlib>
#include <gtest/gtest.h>
#include <optional>

#include "cli/cache_contents.hpp"
#include "cli/command.hpp"
#include "storage/files.hpp"
#include "support/scratch_folder.hpp"
#include "text/size.hpp"
#include "vm/snapshots/snapshot_store.hpp"

namespace kmodtest::cli {
namespace {

namespace fs = std::filesystem;

/// Runs `kmodtest cache …` on a cache of its own.
class CacheCommandTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char *name : {"KMODTEST_CACHE", "KMODTEST_CACHE_LIMIT"}) {
      const char *value = std::getenv(name);
      before_.emplace_back(name, value == nullptr ? std::nullopt : std::optional<std::string>(value));
    }
    ::setenv("KMODTEST_CACHE", cache_.c_str(), 1);
    ::unsetenv("KMODTEST_CACHE_LIMIT");
  }
  void TearDown() override {
    for (const auto &[name, value] : before_) {
      if (value) {
        ::setenv(name, value->c_str(), 1);
      } else {
        ::unsetenv(name);
      }
    }
  }

  /// Returns what the command prints to stdout and, after "exit N: ", to stderr if it does not end with 0.
  std::string cache(std::vector<const char *> words) {
    words.insert(words.begin(), {"kmodtest", "cache"});
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int status = run_command_line(static_cast<int>(words.size()), words.data());
    std::fflush(stdout);
    std::string out = testing::internal::GetCapturedStdout();
    const std::string err = testing::internal::GetCapturedStderr();
    return status == 0 ? out + err : out + "exit " + std::to_string(status) + ": " + err;
  }

  void keep(const std::string &key, std::size_t bytes) {
    vm::SnapshotInfo info;
    info.description = "6.1, 4 CPUs";
    const vm::StateFiles made{.state = scratch_.write("state", std::string(bytes, 'x')), .memory = {}};
    store_.keep(key, made, info);
  }
  /// Returns the space that a file of this size takes on this disk.
  std::uint64_t on_disk(std::size_t bytes) {
    return storage::disk_usage(scratch_.write("sample", std::string(bytes, 'x')));
  }

  const support::ScratchFolder scratch_;
  const fs::path cache_ = scratch_.path() / "cache";
  vm::SnapshotStore store_{cache_ / "snapshots", ~std::uint64_t{0}};
  std::vector<std::pair<const char *, std::optional<std::string>>> before_;
};

TEST_F(CacheCommandTest, AnEmptyCacheSaysSo) {
  EXPECT_EQ(cache({"list"}), "the cache " + cache_.string() + " is empty\n");
  EXPECT_EQ(cache({"prune"}), "there are no snapshots in " + cache_.string() + "\n");
  EXPECT_EQ(cache({"clear"}), "there are no snapshots in " + cache_.string() + "\n");
  EXPECT_EQ(cache({"clear", "--all"}), "there is nothing in " + cache_.string() + "\n");
}

TEST_F(CacheCommandTest, ListsSnapshotsAndTheRest) {
  keep("abc", 100'000);
  scratch_.write("cache/kernels/k/boot/vmlinuz", std::string(10'000, 'x'));
  scratch_.write("cache/vmlinux/v", std::string(20'000, 'x'));
  scratch_.write("cache/initramfs/i.cpio", std::string(30'000, 'x'));
  scratch_.write("cache/another user's/own", std::string(500'000, 'x'));
  const auto snapshots = store_.list();
  ASSERT_EQ(snapshots.size(), 1u);
  const std::uint64_t state = snapshots[0].disk_bytes, kernels = on_disk(10'000),
                      boot = on_disk(20'000) + on_disk(30'000);
  const auto line = [&](const std::string &what, std::uint64_t bytes, const std::string &rest = "") {
    const std::string size = text::human_size(bytes);
    return what + std::string(cache_.string().size() - what.size() + 2, ' ') + std::string(10 - size.size(), ' ') +
           size + rest + "\n";
  };
  EXPECT_EQ(cache({"list"}), snapshot_table(snapshots) + "\n" + line("1 snapshot", state, " (limit 8.0 GiB)") +
                                 line("kernels", kernels) + line("boot files", boot) + line("built modules", 0) +
                                 line("packages for guests", 0) + line("folders of failed cases", 0) +
                                 line("other", 0) + line(cache_.string(), state + kernels + boot));
}

TEST_F(CacheCommandTest, TheTableShowsLocalTimesAndDamage) {
  const char *zone = std::getenv("TZ");
  const std::optional<std::string> before = zone == nullptr ? std::nullopt : std::optional<std::string>(zone);
  ::setenv("TZ", "UTC", 1);
  vm::SnapshotInfo good, bad;
  good.key = "abc";
  good.description = "6.1.0-50-cloud-amd64, 4 CPUs, 256 MiB, virtual time";
  good.disk_bytes = 70'778'880;
  good.made = std::chrono::system_clock::from_time_t(1'700'000'000);
  good.used = std::chrono::system_clock::from_time_t(1'700'100'000);
  bad.key = "def";
  bad.damage = "manifest is missing";
  bad.used = std::chrono::system_clock::from_time_t(1'600'000'000);
  EXPECT_EQ(snapshot_table({good, bad}),
            "what                                                  on disk  made              last used         key\n"
            "6.1.0-50-cloud-amd64, 4 CPUs, 256 MiB, virtual time  67.5 MiB  2023-11-14 22:13  2023-11-16 02:00  abc\n"
            "damaged: manifest is missing                              0 B  unknown           2020-09-13 12:26  def\n");
  if (before) {
    ::setenv("TZ", before->c_str(), 1);
  } else {
    ::unsetenv("TZ");
  }
}

TEST_F(CacheCommandTest, PrunesToTheLimit) {
  keep("abc", 100'000);
  keep("def", 100'000);
  const std::uint64_t each = store_.list()[0].disk_bytes;
  const std::string one = text::human_size(each), two = text::human_size(2 * each);
  EXPECT_EQ(cache({"prune"}), "0 B freed, 2 snapshots left with " + two + " (limit 8.0 GiB)\n");
  ::setenv("KMODTEST_CACHE_LIMIT", "150K", 1);
  EXPECT_EQ(cache({"prune"}), one + " freed, 1 snapshot left with " + one + " (limit 150.0 KiB)\n");
  {
    const auto lock = store_.lock(store_.list()[0].key);
    EXPECT_EQ(cache({"prune", "--limit", "1K"}),
              "0 B freed, 1 snapshot left with " + one + " (limit 1.0 KiB, but some are in use)\n");
  }
  EXPECT_EQ(cache({"prune", "--limit", "0"}), one + " freed, 0 snapshots left with 0 B (limit 0 B)\n");
}

TEST_F(CacheCommandTest, ASizeThatIsNoneIsWrongUsage) {
  EXPECT_EQ(cache({"prune", "--limit", "lots"}),
            "exit 2: kmodtest: error[K0102]: --limit takes a size such as 4G or 500M, not 'lots'\n  more: kmodtest "
            "explain K0102\n");
  ::setenv("KMODTEST_CACHE_LIMIT", "8", 1);
  EXPECT_EQ(cache({"list"}),
            "exit 2: kmodtest: error[K0110]: KMODTEST_CACHE_LIMIT takes a size such as 4G or 500M, not '8'\n  more: "
            "kmodtest explain K0110\n");
}

TEST_F(CacheCommandTest, ClearTakesSnapshotsOnly) {
  keep("abc", 100'000);
  keep("def", 100'000);
  scratch_.write("cache/kernels/k/manifest.yaml", "x");
  const std::string one = text::human_size(store_.list()[0].disk_bytes);
  {
    const auto lock = store_.lock("def");
    EXPECT_EQ(cache({"clear"}),
              one + " freed in " + cache_.string() + "\nsnapshots/def stays: another kmodtest is using it\n");
  }
  EXPECT_EQ(cache({"clear"}), one + " freed in " + cache_.string() + "\n");
  EXPECT_TRUE(fs::exists(cache_ / "kernels/k/manifest.yaml"));
}

TEST_F(CacheCommandTest, ClearAllTakesAllButWhatIsLocked) {
  std::uint64_t bytes = 0;
  for (const char *name :
       {"kernels/k/manifest.yaml", "kernels/.k.partial/tree", "kernels/.old.partial/tree", "vmlinux/v", "initramfs/i",
        "build/6.1/m/m.ko", "build/6.1/m.lock", "accelerator/kvm", "libvirt/caps", "history.json"}) {
    bytes += storage::disk_usage(scratch_.write(std::string("cache/") + name, "text"));
  }
  bytes -= on_disk(4);  // locks do not count
  scratch_.write("cache/kernels/busy/manifest.yaml", "text");
  scratch_.write("cache/build/6.1/busy/m.ko", "text");
  scratch_.write("cache/mine/notes", "text");
  {
    const storage::FileLock kernel_lock(cache_ / "locks/kernel-busy.lock");
    const storage::FileLock build_lock(cache_ / "build/6.1/busy.lock");
    EXPECT_EQ(cache({"clear", "--all"}), text::human_size(bytes) + " freed in " + cache_.string() +
                                             "\nkernels/busy stays: another kmodtest is using it\n"
                                             "build/6.1/busy stays: another kmodtest is using it\n");
  }
  std::vector<std::string> files;
  for (const auto &entry : fs::recursive_directory_iterator(cache_)) {
    if (!entry.is_directory()) files.push_back(entry.path().lexically_relative(cache_).string());
  }
  std::sort(files.begin(), files.end());
  EXPECT_EQ(files, (std::vector<std::string>{"build/6.1/busy.lock", "build/6.1/busy/m.ko", "kernels/busy/manifest.yaml",
                                             "locks/kernel-busy.lock", "locks/snapshots.lock", "mine/notes"}));
}

TEST(HumanSize, HasBinaryUnits) {
  EXPECT_EQ(text::human_size(0), "0 B");
  EXPECT_EQ(text::human_size(1023), "1023 B");
  EXPECT_EQ(text::human_size(1024), "1.0 KiB");
  EXPECT_EQ(text::human_size(1'048'575), "1.0 MiB");
  EXPECT_EQ(text::human_size(70'778'880), "67.5 MiB");
  EXPECT_EQ(text::human_size(std::uint64_t{8} << 30), "8.0 GiB");
  EXPECT_EQ(text::human_size(std::uint64_t{5000} << 40), "5000.0 TiB");
}

}  // namespace
}  // namespace kmodtest::cli
