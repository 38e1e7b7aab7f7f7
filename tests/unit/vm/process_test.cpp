// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/process.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "vm/child_reaper.hpp"

namespace kmodtest::vm {
namespace {

using std::chrono::seconds;
using namespace std::chrono_literals;

/// Starts a child that waits to be killed, under a name and optionally in its own session. Returns when it is ready.
pid_t start_child(const char *name, bool own_session) {
  std::array<int, 2> ready{};
  EXPECT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (own_session) ::setsid();
    ::prctl(PR_SET_NAME, name);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::write(ready[1], "r", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte = 0;
  EXPECT_EQ(::read(ready[0], &byte, 1), 1);
  ::close(ready[0]);
  ::close(ready[1]);
  return child;
}

/// Kills a child and waits until it is a zombie.
void make_zombie(pid_t child) {
  ::kill(child, SIGKILL);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
}

TEST(ReadProcessFile, IsEmptyWhereReadingFails) {
  // The first page of the address space is not mapped: the file opens, reading it gives EIO.
  EXPECT_EQ(read_process_file(::getpid(), "mem"), "");
  EXPECT_EQ(read_process_file(::getpid(), "no such file"), "");
  EXPECT_NE(read_process_file(::getpid(), "stat"), "");
}

TEST(ParseStat, BearsAnyName) {
  const std::string rest = " Z 1 2 77 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 4242 0 0";
  const auto stat = parse_stat("12 (a) (b c)" + rest);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->pid, 12);
  EXPECT_EQ(stat->name, "a) (b c");
  EXPECT_EQ(stat->state, 'Z');
  EXPECT_EQ(stat->parent, 1);
  EXPECT_EQ(stat->session, 77);
  EXPECT_EQ(stat->start_time, 4242u);
}

TEST(ParseStat, RefusesWhatIsNone) {
  EXPECT_FALSE(parse_stat(""));
  EXPECT_FALSE(parse_stat("12 a Z"));
  EXPECT_FALSE(parse_stat("12 (a) Z 1 2"));
}

TEST(ProcessStat, KnowsThisProcess) {
  const auto self = process_stat(::getpid());
  ASSERT_TRUE(self);
  EXPECT_EQ(self->parent, ::getppid());
  EXPECT_EQ(self->session, ::getsid(0));
  EXPECT_NE(command_line(::getpid()).find("test_vm"), std::string::npos);
}

TEST(KeptWaiting, CountsWhatOthersTook) {
  // Two processes compute on one processor: each waits for about half of the time.
  cpu_set_t before, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  const auto already = kept_waiting(getpid());
  std::atomic<bool> over{false};
  std::thread other([&] {
    while (!over) {
    }
  });
  const auto began = std::chrono::steady_clock::now();
  while (kept_waiting(getpid()) - already < 20ms && std::chrono::steady_clock::now() - began < 20s) {
  }
  over = true;
  other.join();
  EXPECT_GE(kept_waiting(getpid()) - already, 20ms);
  sched_setaffinity(0, sizeof before, &before);
  EXPECT_EQ(kept_waiting(-1), 0ns);
}

TEST(EndProcess, EndsAndReapsAChild) {
  const pid_t child = start_child("victim", false);
  EXPECT_TRUE(end_process(child, seconds(10)));
  EXPECT_FALSE(process_stat(child));
  EXPECT_TRUE(end_process(child, seconds(10))) << "gone already";
}

TEST(EndProcess, TakesNoProcessForAnEnd) {
  EXPECT_TRUE(end_process(0, seconds(10)));
}

TEST(Reaper, TakesADaemonizedQemu) {
  const pid_t qemu = start_child("qemu-system-x86", true);
  EXPECT_EQ(reap_daemonized_qemus(), 0) << "it still runs";
  make_zombie(qemu);
  EXPECT_EQ(reap_daemonized_qemus(), 1);
  EXPECT_FALSE(process_stat(qemu));
}

TEST(Reaper, TakesTheGuardOfAProbe) {
  const pid_t guard = start_child("kmodtest-qemu", true);
  make_zombie(guard);
  EXPECT_EQ(reap_daemonized_qemus(), 1);
  EXPECT_FALSE(process_stat(guard));
}

TEST(Reaper, LeavesWhatLibvirtOrOthersWaitFor) {
  const pid_t of_our_session = start_child("qemu-system-x86", false);
  const pid_t of_another_name = start_child("dmidecode", true);
  make_zombie(of_our_session);
  make_zombie(of_another_name);
  EXPECT_EQ(reap_daemonized_qemus(), 0);
  EXPECT_EQ(::waitpid(of_our_session, nullptr, 0), of_our_session);
  EXPECT_EQ(::waitpid(of_another_name, nullptr, 0), of_another_name);
}

TEST(Reaper, IsNotHeldUpByAZombieInFront) {
  const pid_t in_front = start_child("make", false);
  const pid_t qemu = start_child("qemu-system-x86", true);
  make_zombie(in_front);
  make_zombie(qemu);
  EXPECT_EQ(reap_daemonized_qemus(), 1);
  EXPECT_EQ(::waitpid(in_front, nullptr, 0), in_front);
}

TEST(Reaper, ReapsWhenASignalComes) {
  base::asio::io_context io;
  const ChildReaper reaper(io);
  const pid_t qemu = start_child("qemu-system-x86", true);
  ::kill(qemu, SIGKILL);
  const auto deadline = std::chrono::steady_clock::now() + seconds(10);
  while (process_stat(qemu) && std::chrono::steady_clock::now() < deadline) io.run_one_for(seconds(1));
  EXPECT_FALSE(process_stat(qemu));
}

}  // namespace
}  // namespace kmodtest::vm
