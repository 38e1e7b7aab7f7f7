// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/watch/file_watch.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/scratch_folder.hpp"

namespace kmodtest::run {
namespace {

namespace fs = std::filesystem;
using support::ScratchFolder;
using Paths = std::set<std::string>;

class FileWatchTest : public ::testing::Test {
 protected:
  FileWatchTest() {
    fs::create_directory(folder_);
    EXPECT_EQ(watch_.watch({folder_}), 1u);
  }
  /// Returns the changes reported since the last call, below the folder.
  Paths told() {
    // inotify(7) queues an event before the call that caused it returns.
    io_.restart();
    io_.poll();
    Paths paths;
    for (const fs::path &path : std::exchange(told_, {})) paths.insert(path.lexically_relative(folder_).string());
    return paths;
  }
  void write(const std::string &name) const { std::ofstream(folder_ / name) << "text"; }

  const ScratchFolder scratch_;
  const fs::path folder_ = scratch_.path() / "watched";
  base::asio::io_context io_;
  std::vector<fs::path> told_;
  FileWatch watch_{io_, [this](const fs::path &path) { told_.push_back(path); }};
};

TEST_F(FileWatchTest, AFileIsToldWhenItIsWritten) {
  write("new.c");
  EXPECT_EQ(told(), Paths{"new.c"});
  write("new.c");
  EXPECT_EQ(told(), Paths{"new.c"});
  EXPECT_EQ(told(), Paths{});
}

TEST_F(FileWatchTest, AFileIsNotToldWhileItIsBeingWritten) {
  const int fd = ::open((folder_ / "slow.c").c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_EQ(::write(fd, "half", 4), 4);
  EXPECT_EQ(told(), Paths{});
  ::close(fd);
  EXPECT_EQ(told(), Paths{"slow.c"});
}

TEST_F(FileWatchTest, ReadingIsNoChange) {
  write("a.c");
  told();
  std::ifstream(folder_ / "a.c").get();
  EXPECT_EQ(told(), Paths{});
}

TEST_F(FileWatchTest, AnEditorThatRenamesIsToldByTheFilesName) {
  write("a.c");
  told();
  write("a.c.new");
  fs::rename(folder_ / "a.c.new", folder_ / "a.c");
  EXPECT_EQ(told().count("a.c"), 1u);
}

TEST_F(FileWatchTest, WhatComesByALinkOrGoesIsTold) {
  write("a.c");
  told();
  fs::create_hard_link(folder_ / "a.c", folder_ / "b.c");
  EXPECT_EQ(told(), Paths{"b.c"});
  fs::create_symlink("a.c", folder_ / "c.c");
  EXPECT_EQ(told(), Paths{"c.c"});
  fs::create_directory(folder_ / "include");
  EXPECT_EQ(told(), Paths{"include"});
  fs::remove(folder_ / "b.c");
  EXPECT_EQ(told(), Paths{"b.c"});
  fs::rename(folder_ / "a.c", scratch_.path() / "a.c");
  EXPECT_EQ(told(), Paths{"a.c"});
}

TEST_F(FileWatchTest, AFolderThatGoesAndComesBackIsWatchedAgain) {
  fs::rename(folder_, scratch_.path() / "elsewhere");
  EXPECT_EQ(told(), Paths{"."});
  EXPECT_EQ(watch_.watch({folder_}), 0u) << "it is not there";
  fs::rename(scratch_.path() / "elsewhere", folder_);
  EXPECT_EQ(watch_.watch({folder_}), 1u);
  write("a.c");
  EXPECT_EQ(told(), Paths{"a.c"});
  fs::remove_all(folder_);
  EXPECT_EQ(told().count("."), 1u);
  fs::create_directory(folder_);
  EXPECT_EQ(watch_.watch({folder_}), 1u);
  write("b.c");
  EXPECT_EQ(told(), Paths{"b.c"});
}

TEST_F(FileWatchTest, AFolderThatIsNotAskedForAnyMoreIsSilent) {
  fs::create_directory(folder_ / "below");
  told();
  EXPECT_EQ(watch_.watch({folder_ / "below"}), 1u);
  write("a.c");
  write("below/b.c");
  EXPECT_EQ(told(), Paths{"below/b.c"});
}

}  // namespace
}  // namespace kmodtest::run
