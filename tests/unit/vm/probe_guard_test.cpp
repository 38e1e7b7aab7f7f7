// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/probe_guard.hpp"

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <string>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/scratch_folder.hpp"

namespace kmodtest::vm {
namespace {

namespace fs = std::filesystem;

constexpr int kPatienceMs = 10000;

TEST(ControllerIn, FindsTheRootsNameInAPath) {
  EXPECT_EQ(controller_in("/run/user/1000/kmodtest/4711-b8d21/lib/qemu/qmp-P2MHZ3/qmp.pid"), 4711);
  EXPECT_EQ(controller_in("/tmp/12-34/4711-0/qmp.pid"), 4711) << "the user's own folder looks like a root";
}

TEST(ControllerIn, FindsNoneElsewhere) {
  for (const char *path : {"", "qmp.pid", "/var/lib/libvirt/qemu/qmp-1-2/qmp.pid", "/tmp/4711-b8d21", "/tmp/4711/x",
                           "/tmp/4711-/x", "/tmp/4711-xyz/x", "/tmp/-1-2/x", "/tmp/0-1/x"}) {
    EXPECT_EQ(controller_in(path), 0) << path;
  }
}

/// A controller and its launcher, which is guarded and leaves a daemon that holds the pidfile's lock.
class GuardTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::pipe(daemon_.data()), 0);
    ASSERT_EQ(::pipe(launcher_.data()), 0);
    controller_ = ::fork();
    if (controller_ == 0) play_controller();
    ::close(daemon_[1]);
    ::close(launcher_[1]);
  }
  void TearDown() override {
    ::kill(controller_, SIGKILL);
    ::waitpid(controller_, nullptr, 0);
    for (const int descriptor : {daemon_[0], launcher_[0]}) ::close(descriptor);
  }

  /// Ends when all its children have ended: the launcher, then the daemon and the guard, whose parent it becomes.
  [[noreturn]] void play_controller() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const pid_t self = ::getpid();
    if (::fork() == 0) {
      if (!guard_daemon(self, pidfile_.c_str())) ::_exit(1);
      play_launcher();
    }
    ::close(daemon_[1]);
    ::close(launcher_[1]);
    while (::wait(nullptr) > 0) {
    }
    ::_exit(0);
  }

  [[noreturn]] void play_launcher() {
    std::array<int, 2> up{};
    if (::pipe(up.data()) != 0) ::_exit(1);
    if (::fork() == 0) play_daemon(up[1]);
    ::close(daemon_[1]);
    ::close(up[1]);
    char byte = 0;
    ::_exit(::read(up[0], &byte, 1) == 1 ? 0 : 1);
  }

  [[noreturn]] void play_daemon(int up) {
    ::setsid();
    const int file = ::open(pidfile_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (::fcntl(file, F_SETLK, &lock) != 0) ::_exit(1);
    ::close(launcher_[1]);
    const pid_t self = ::getpid();
    if (::write(daemon_[1], &self, sizeof self) != sizeof self || ::write(up, "u", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }

  /// Waits until the daemon is up, and returns a descriptor that becomes readable when it has ended.
  int wait_for_daemon() {
    EXPECT_EQ(::read(daemon_[0], &pid_, sizeof pid_), static_cast<ssize_t>(sizeof pid_));
    return static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  }

  static bool readable(int descriptor) {
    pollfd wait{descriptor, POLLIN, 0};
    return ::poll(&wait, 1, kPatienceMs) == 1;
  }

  const support::ScratchFolder scratch_;
  const fs::path pidfile_ = scratch_ / "qmp.pid";
  std::array<int, 2> daemon_{};    ///< written to and held open by the daemon
  std::array<int, 2> launcher_{};  ///< held open only by the launcher, as the pipe that libvirt reads errors from
  pid_t controller_ = -1;
  pid_t pid_ = -1;
};

TEST_F(GuardTest, EndsTheDaemonWhenTheControllerIsKilled) {
  const int daemon = wait_for_daemon();
  ASSERT_GE(daemon, 0);
  ::kill(controller_, SIGKILL);
  EXPECT_TRUE(readable(daemon)) << "process " << pid_ << " outlives its controller";
  ::close(daemon);
}

TEST_F(GuardTest, EndsWithTheDaemon) {
  const int daemon = wait_for_daemon();
  const int controller = static_cast<int>(::syscall(SYS_pidfd_open, controller_, 0));
  ASSERT_TRUE(readable(launcher_[0])) << "the launcher is still there";
  ::kill(pid_, SIGKILL);
  EXPECT_TRUE(readable(controller)) << "the guard is left";
  ::close(daemon);
  ::close(controller);
}

TEST_F(GuardTest, HoldsNoPipeOpen) {
  const int daemon = wait_for_daemon();
  pollfd end{launcher_[0], POLLIN, 0};
  ASSERT_EQ(::poll(&end, 1, kPatienceMs), 1) << "libvirt would wait indefinitely";
  EXPECT_EQ(end.revents, POLLHUP);
  EXPECT_EQ(::kill(pid_, 0), 0) << "the daemon lives on";
  ::kill(pid_, SIGKILL);
  ::close(daemon);
}

TEST(Guard, RefusesAControllerThatIsNotItsParent) {
  EXPECT_FALSE(guard_daemon(::getpid(), "/nowhere/qmp.pid"));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "nothing was left behind";
}

}  // namespace
}  // namespace kmodtest::vm
