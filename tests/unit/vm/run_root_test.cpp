// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/run_root.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "storage/files.hpp"
#include "support/scratch_folder.hpp"

namespace kmodtest::vm {
namespace {

namespace fs = std::filesystem;

class RunRootTest : public testing::Test {
 protected:
  /// Creates a root like a controller's, with its lock file.
  fs::path fake_root(const std::string &name) {
    const fs::path root = folder_ / name;
    fs::create_directories(root / "run/qemu");
    std::ofstream(root / "controller") << "";
    return root;
  }

  const support::ScratchFolder scratch_;
  const fs::path folder_ = scratch_.path();
};

TEST_F(RunRootTest, SweepsTheRootsOfTheDead) {
  const fs::path stale = fake_root("1-2");
  EXPECT_EQ(sweep_stale_roots(folder_), 1);
  EXPECT_FALSE(fs::exists(stale));
}

TEST_F(RunRootTest, LeavesTheRootsOfTheLiving) {
  const fs::path live = fake_root("1-2");
  const int lock = ::open((live / "controller").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(lock, LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(sweep_stale_roots(folder_), 0);
  EXPECT_TRUE(fs::exists(live / "run/qemu"));
  ::close(lock);
  EXPECT_EQ(sweep_stale_roots(folder_), 1);
}

TEST_F(RunRootTest, LeavesWhatIsNoRoot) {
  fs::create_directories(folder_ / "no-lock-file/inside");
  std::ofstream(folder_ / "a-file") << "";
  const fs::path elsewhere = fake_root("target");
  const int lock = ::open((elsewhere / "controller").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(lock, LOCK_EX | LOCK_NB), 0);
  fs::create_directory_symlink(elsewhere, folder_ / "link");
  EXPECT_EQ(sweep_stale_roots(folder_), 0);
  EXPECT_TRUE(fs::exists(folder_ / "no-lock-file/inside"));
  EXPECT_TRUE(fs::exists(folder_ / "a-file"));
  EXPECT_TRUE(fs::exists(folder_ / "link"));
  ::close(lock);
}

TEST_F(RunRootTest, AFolderThatOthersMayWriteToIsNotPrivate) {
  const fs::path open = folder_ / "open";
  fs::create_directory(open);
  ::chmod(open.c_str(), 0777);
  try {
    make_private_folder(open);
    FAIL() << "taken";
  } catch (const base::Error &error) {
    EXPECT_EQ(error.what(), open.string() + " is not a private folder of ours");
    EXPECT_EQ(error.hint(), "remove it, or set XDG_RUNTIME_DIR to a folder of your own");
  }
}

TEST_F(RunRootTest, ALinkIsNoPrivateFolder) {
  fs::create_directory(folder_ / "real");
  fs::create_directory_symlink(folder_ / "real", folder_ / "link");
  EXPECT_THROW(make_private_folder(folder_ / "link"), base::Error);
}

TEST_F(RunRootTest, APrivateFolderIsForUsOnly) {
  make_private_folder(folder_ / "new");
  struct stat attributes {};
  ASSERT_EQ(::stat((folder_ / "new").c_str(), &attributes), 0);
  EXPECT_EQ(attributes.st_mode & 0777u, ::geteuid() == 0 ? 0711u : 0700u);
  make_private_folder(folder_ / "new");  // a second call is not an error
}

TEST_F(RunRootTest, SandboxesQemu) {
  const std::string conf = qemu_conf(unprivileged_user());
  EXPECT_NE(conf.find("seccomp_sandbox = 1\n"), std::string::npos);
  EXPECT_NE(conf.find("stdio_handler = \"file\"\n"), std::string::npos);
  // An ordinary user's driver refuses a conf that names users.
  EXPECT_EQ(conf.find("user = ") != std::string::npos, ::geteuid() == 0);
}

TEST_F(RunRootTest, NamesAUserForQemuOnlyToRoot) {
  const auto user = unprivileged_user();
  if (::geteuid() != 0) {
    EXPECT_FALSE(user);
  } else if (user) {
    EXPECT_NE(user->uid, 0u);
    EXPECT_NE(qemu_conf(user).find("user = \"" + user->name + "\"\n"), std::string::npos);
  }
}

TEST(RunRoot, IsOneForTheProcessAndTakenAwayWithTheLastHolder) {
  fs::path path;
  {
    const auto first = RunRoot::open();
    const auto second = RunRoot::open();
    EXPECT_EQ(first, second);
    path = first->path();
    EXPECT_TRUE(fs::exists(path / "etc/qemu.conf"));
    const fs::path guest = first->make_guest_folder();
    EXPECT_NE(guest, first->make_guest_folder());
    // libvirt's longest socket below the root must fit.
    EXPECT_LE((path / "lib/qemu/domain-999-kmodtest-1234567-1/monitor.sock").string().size(), 107u);
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(RunRoot::open()->path(), path) << "the embedded driver cannot change its root";
}

TEST_F(RunRootTest, CopiesAFileThatQemusUserCannotReach) {
  const auto root = RunRoot::open();
  fs::create_directory(folder_ / "secret");
  std::ofstream(folder_ / "secret/kernel") << "image";
  ::chmod(folder_.c_str(), 0700);
  const fs::path seen = root->readable_by_qemu(folder_ / "secret/kernel");
  if (!root->qemu_user()) {
    EXPECT_EQ(seen, folder_ / "secret/kernel");
    return;
  }
  EXPECT_NE(seen, folder_ / "secret/kernel");
  std::ifstream copy(seen);
  std::string content;
  copy >> content;
  EXPECT_EQ(content, "image");
  EXPECT_EQ(root->readable_by_qemu(folder_ / "secret/kernel"), seen) << "copied once";
  std::ofstream(folder_ / "secret/kernel") << "another image";
  EXPECT_NE(root->readable_by_qemu(folder_ / "secret/kernel"), seen) << "replaced under its name";
  EXPECT_THROW(root->readable_by_qemu(folder_ / "missing"), base::Error);
}

TEST_F(RunRootTest, LendsAnOpenFileOfOursToQemu) {
  const auto root = RunRoot::open();
  const fs::path file = root->path() / "ours";
  std::ofstream(file) << "state";
  ::chmod(file.c_str(), 0600);
  const base::Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  const fs::path guest = root->make_guest_folder();
  const auto lent = root->lend_to_qemu(descriptor.get(), guest / "link");
  ASSERT_TRUE(lent);
  EXPECT_TRUE(fs::equivalent(*lent, file));
  fs::remove(file);
  EXPECT_EQ(storage::read_whole_file(*lent), "state") << "whatever becomes of the name that it had";
  if (!root->qemu_user()) return;
  EXPECT_EQ(*lent, guest / "link");
  EXPECT_EQ(fs::status(*lent).permissions(), fs::perms(0444));
}

TEST_F(RunRootTest, CannotLendAFileOfAnotherFileSystemToAnotherUser) {
  const auto root = RunRoot::open();
  if (!root->qemu_user()) GTEST_SKIP() << "QEMU runs as we do";
  // A file without a name cannot get one.
  const base::Descriptor descriptor(::memfd_create("state", MFD_CLOEXEC));
  const fs::path link = root->make_guest_folder() / "link";
  EXPECT_FALSE(root->lend_to_qemu(descriptor.get(), link));
  EXPECT_FALSE(fs::exists(link));
}

TEST_F(RunRootTest, CopiesWhatALinkLeadsToThroughAFolderThatIsClosed) {
  const auto root = RunRoot::open();
  if (!root->qemu_user()) GTEST_SKIP() << "QEMU runs as we do";
  make_private_folder(folder_ / "open");
  ::chmod(folder_.c_str(), 0755);
  fs::create_directory(folder_ / "closed");
  std::ofstream(folder_ / "closed/kernel") << "image";
  ::chmod((folder_ / "closed").c_str(), 0700);
  fs::create_symlink(folder_ / "closed/kernel", folder_ / "open/kernel");
  EXPECT_NE(root->readable_by_qemu(folder_ / "open/kernel"), folder_ / "open/kernel");
}

/// Opens and closes a root many times. Returns whether it always worked.
bool open_often(int times) {
  try {
    for (int i = 0; i < times; ++i) RunRoot::open();
    return true;
  } catch (const base::Error &) {
    return false;
  }
}

TEST_F(RunRootTest, ManyControllersCanStartAtOnce) {
  constexpr int kControllers = 6;
  constexpr int kTimes = 60;
  ::setenv("KMODTEST_RUNTIME", folder_.c_str(), 1);
  std::vector<pid_t> controllers;
  for (int i = 0; i < kControllers; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(open_often(kTimes) ? 0 : 1);
    controllers.push_back(pid);
  }
  int failed = 0;
  for (const pid_t pid : controllers) {
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    if (status != 0) ++failed;
  }
  ::unsetenv("KMODTEST_RUNTIME");
  EXPECT_EQ(failed, 0) << "one has taken the root that another was making for a dead one's";
}

}  // namespace
}  // namespace kmodtest::vm
