// SPDX-License-Identifier: GPL-2.0-or-later
#include "storage/files.hpp"

#include <atomic>
#include <future>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <thread>

#include "kernel/kernel.hpp"
#include "storage/cache_folder.hpp"
#include "storage/digest.hpp"
#include "support/error_of.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::kernel {
namespace {

using support::error_of;
using support::ScratchFolder;

// The examples of FIPS 180-4's validation set, and lengths around the end of a block.
TEST(Sha256, GivesTheStandardsDigests) {
  EXPECT_EQ(storage::sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(storage::sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(storage::sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(storage::sha256(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesAndFields) {
  EXPECT_EQ(storage::Sha256().update("a").update("bc").hex(), storage::sha256("abc"));
  EXPECT_NE(storage::Sha256().field("a").field("bc").hex(), storage::Sha256().field("ab").field("c").hex());
}

TEST(Files, WritesWholeAndLeavesNothingElse) {
  const ScratchFolder folder;
  const auto file = folder.path() / "f";
  storage::write_whole_file(file, "one");
  storage::write_whole_file(file, "two");
  EXPECT_EQ(storage::read_whole_file(file), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(Files, ErrorsNameTheFile) {
  const ScratchFolder folder;
  const auto missing = (folder.path() / "none").string();
  EXPECT_EQ(error_of([&] { storage::read_whole_file(missing); }),
            "cannot read " + missing + ": No such file or directory | correct the path");
  EXPECT_EQ(error_of([&] { storage::read_whole_file(folder.path()); }),
            "cannot read " + folder.path().string() + ": it is a folder | name a file");
  EXPECT_EQ(error_of([&] { storage::write_whole_file(missing + "/f", "x"); }),
            "cannot write " + missing +
                "/f: No such file or directory | set KMODTEST_CACHE to a folder that you can "
                "write to");
}

TEST(FileLock, KeepsOthersOut) {
  const ScratchFolder folder;
  const auto file = folder.path() / "locks/l";
  std::atomic<bool> released{false};  // a file lock does not order accesses to memory
  std::future<bool> other;
  {
    const storage::FileLock lock(file);
    other = std::async(std::launch::async, [&] {
      const storage::FileLock second(file);
      return released.load();
    });
    released = true;
  }
  EXPECT_TRUE(other.get());
}

/// Returns whether a process waits for the lock of a file. Source: proc(5), /proc/locks: waiters have an arrow.
bool is_waited_for(const std::filesystem::path &file) {
  struct stat attributes {};
  EXPECT_EQ(::stat(file.c_str(), &attributes), 0);
  const std::string inode = ":" + std::to_string(attributes.st_ino) + " ";
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    if (line.find("->") != std::string::npos && line.find(inode) != std::string::npos) return true;
  }
  return false;
}

TEST(FileLock, CanBeTriedAndItsFileRemovedByTheHolder) {
  const ScratchFolder folder;
  const auto file = folder.path() / "l";
  auto first = storage::FileLock::try_take(file);
  ASSERT_TRUE(first);
  EXPECT_FALSE(storage::FileLock::try_take(file));
  // The process that waits for the removed file finally holds the lock of the new one, so that no other process can.
  std::future<bool> other = std::async(std::launch::async, [&] {
    const storage::FileLock second(file);
    return storage::FileLock::try_take(file) == nullptr;
  });
  while (!is_waited_for(file)) std::this_thread::yield();
  std::filesystem::remove(file);
  first.reset();
  EXPECT_TRUE(other.get());
}

TEST(DiskUsage, CountsFilesAndNotWhatLinksLeadTo) {
  const ScratchFolder folder;
  const auto one = storage::disk_usage(folder.write("a/one", std::string(10'000, 'x')));
  EXPECT_GE(one, 10'000u);
  EXPECT_EQ(storage::disk_usage(folder.path()), one);
  folder.write("a/b/two", std::string(10'000, 'x'));
  std::filesystem::create_directory_symlink("a", folder.path() / "c");
  EXPECT_EQ(storage::disk_usage(folder.path()), 2 * one);
  EXPECT_EQ(storage::disk_usage(folder.path() / "none"), 0u);
}

/// Sets an environment variable for the duration of a test.
class Variable {
 public:
  Variable(const char *name, const std::string &value) : name_(name) {
    if (const char *old = std::getenv(name)) old_ = old;
    ::setenv(name, value.c_str(), 1);
  }
  ~Variable() {
    if (old_) {
      ::setenv(name_, old_->c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }

 private:
  const char *name_;
  std::optional<std::string> old_;
};

TEST(CacheFolder, OwnVariableThenXdgThenHome) {
  const ScratchFolder folder;
  const auto path = folder.path().string();
  const Variable home("HOME", path + "/home");
  const Variable xdg("XDG_CACHE_HOME", path + "/xdg");
  {
    const Variable own("KMODTEST_CACHE", path + "/own");
    EXPECT_EQ(storage::cache_folder(), path + "/own");
    EXPECT_TRUE(std::filesystem::is_directory(path + "/own"));
  }
  const Variable own("KMODTEST_CACHE", "");
  EXPECT_EQ(storage::cache_folder(), path + "/xdg/kmodtest");
  const Variable relative("XDG_CACHE_HOME", "relative");
  EXPECT_EQ(storage::cache_folder(), path + "/home/.cache/kmodtest");
}

TEST(CacheFolder, AFileInItsPlaceIsAnError) {
  const ScratchFolder folder;
  const auto file = folder.write("file", "");
  const Variable own("KMODTEST_CACHE", (file / "cache").string());
  EXPECT_EQ(error_of([] { storage::cache_folder(); }),
            "cannot make the folder " + file.string() +
                "/cache: Not a directory | set KMODTEST_CACHE to a folder that you "
                "can write to");
}

TEST(DataFile, TheVariableIsTheOnlyPlaceWhenSet) {
  const ScratchFolder folder;
  const Variable data("KMODTEST_DATA", folder.path().string());
  EXPECT_EQ(error_of([] { storage::find_data_file("kernels.yaml"); }),
            "cannot find kernels.yaml (searched in " + folder.path().string() +
                ") | set KMODTEST_DATA to the folder that has it, or install kmodtest again");
  folder.write("kernels.yaml", "");
  EXPECT_EQ(storage::data_folder(), folder.path());
}

}  // namespace
}  // namespace kmodtest::kernel
