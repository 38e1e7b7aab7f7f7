// SPDX-License-Identifier: GPL-2.0-or-later

// emulator/main_loop_gate.cpp is part of this program, so its functions replace those of the C library here, as they do
// in QEMU. The longest turn is an hour: if the main loop is not released, a test runs into its time limit. Polite waits
// last a second, so that a busy machine does not end them.
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <optional>
#include <poll.h>
#include <pthread.h>
#include <string>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

#include "wire/shared_memory.hpp"

namespace {

namespace wire = kmodtest::wire;

/// The relevant parts of QEMU: a lock, and a CPU thread that waits for work with it.
class Machine {
 public:
  Machine() : cpus_([this] { run(); }) {
    pthread_mutex_lock(&lock);
    while (!waits_) {
      pthread_mutex_unlock(&lock);
      std::this_thread::yield();
      pthread_mutex_lock(&lock);
    }
    pthread_mutex_unlock(&lock);
  }
  ~Machine() {
    give([this] { ended_ = true; });
    cpus_.join();
  }

  /// Wakes the CPU thread for work without the lock.
  void give(std::function<void()> work) {
    pthread_mutex_lock(&lock);
    work_ = std::move(work);
    pthread_cond_broadcast(&work_came_);
    pthread_mutex_unlock(&lock);
  }

  pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

 private:
  void run() {
    pthread_setname_np(pthread_self(), "ALL CPUs/TCG");
    pthread_mutex_lock(&lock);
    while (!ended_) {
      waits_ = true;
      while (!work_) pthread_cond_wait(&work_came_, &lock);
      const std::function<void()> work = std::move(work_);
      work_ = nullptr;
      pthread_mutex_unlock(&lock);
      work();
      pthread_mutex_lock(&lock);
    }
    pthread_mutex_unlock(&lock);
  }

  pthread_cond_t work_came_ = PTHREAD_COND_INITIALIZER;
  std::function<void()> work_;
  bool waits_ = false, ended_ = false;
  std::thread cpus_;
};

/// Returns the one machine of all tests: a QEMU has one CPU thread for its whole life.
Machine &machine() {
  static Machine the_machine;
  return the_machine;
}

/// The memory that a guest shares with its controller, at the place where the library looks for it.
class Shared {
 public:
  Shared() {
    char name[] = "/tmp/kmodtest-gate-XXXXXX";
    const int file = mkstemp(name);
    EXPECT_EQ(ftruncate(file, wire::kSharedMemoryBytes), 0);
    void *mapped = mmap(nullptr, wire::kSharedMemoryBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    memory_.emplace(mapped);
    name_ = name;
    setenv("KMODTEST_MEMORY", name, 1);
  }
  ~Shared() { unlink(name_.c_str()); }
  wire::SharedMemory &operator*() { return *memory_; }
  wire::SharedMemory *operator->() { return &*memory_; }

 private:
  std::string name_;
  std::optional<wire::SharedMemory> memory_;
};

/// Returns the one memory of all tests: a QEMU has one guest.
Shared &shared() {
  static Shared the_memory;
  return the_memory;
}

/// Reads the machine's clock in the CPU thread, like QEMU's model of the clock.
void read_clock() {
  const time_t time = 1767225600;
  tm parts{};
  EXPECT_EQ(gmtime_r(&time, &parts), &parts);
  EXPECT_EQ(parts.tm_year, 126);
}

constexpr timespec kSoon{0, 1'000'000};

/// Notifies a thread the way QEMU's threads do.
void tell(int event) {
  const eventfd_t one = 1;
  EXPECT_EQ(write(event, &one, sizeof one), static_cast<ssize_t>(sizeof one));
}

/// Returns whether the thread is blocked in write(2). Source: proc(5), /proc/PID/syscall.
bool waits_in_write(pid_t thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/syscall");
  std::string number;
  file >> number;
  return number == std::to_string(SYS_write);
}

/// Polls like the main loop.
int poll_for(pollfd file) {
  pollfd files[] = {file};
  return ppoll(files, 1, &kSoon, nullptr);
}

/// Work that continues until it is stopped.
struct Endless {
  Endless() {
    machine().give([this] {
      while (!end) std::this_thread::yield();
      ended = true;
    });
  }
  ~Endless() {
    end = true;
    while (!ended) std::this_thread::yield();
  }
  std::atomic<bool> end{false}, ended{false};
};

TEST(MainLoopGate, TheMainLoopGoesOnWhileTheCpusWait) {
  machine();
  const int event = eventfd(0, EFD_NONBLOCK);
  EXPECT_EQ(poll_for({event, POLLIN, 0}), 0) << "its time is over";
  ASSERT_EQ(eventfd_write(event, 1), 0);
  EXPECT_EQ(poll_for({event, POLLIN, 0}), 1);
  close(event);
}

TEST(MainLoopGate, TheMainLoopStaysInItsPollWhileACpuRuns) {
  const int event = eventfd(0, EFD_NONBLOCK);
  for (int i = 0; i < 100; ++i) {
    std::atomic<bool> ended{false};
    machine().give([&] {
      // A notification by the CPU thread itself, such as that of a new timer, does not release it either.
      EXPECT_EQ(eventfd_write(event, 1), 0);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      ended = true;
    });
    EXPECT_EQ(poll_for({event, POLLIN, 0}), 1) << "and then it hears of it";
    ASSERT_TRUE(ended) << "round " << i;
    eventfd_t taken = 0;
    ASSERT_EQ(eventfd_read(event, &taken), 0);
  }
  close(event);
}

TEST(MainLoopGate, WhatAnotherThreadWantsWaitsForCpusThatAreIdle) {
  const int event = eventfd(0, EFD_NONBLOCK);
  for (int i = 0; i < 20; ++i) {
    std::atomic<bool> ended{false};
    machine().give([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      ended = true;
    });
    std::thread other([event] { tell(event); });
    while (!ended) {
      if (poll_for({event, POLLIN, 0}) == 1) break;
    }
    EXPECT_TRUE(ended) << "round " << i;
    other.join();
    eventfd_t taken = 0;
    ASSERT_EQ(eventfd_read(event, &taken), 0);
  }
  close(event);
}

TEST(MainLoopGate, CpusThatAreNeverIdleAreDisturbedAfterAll) {
  const int event = eventfd(0, EFD_NONBLOCK);
  const Endless work;
  std::thread other([event] { tell(event); });
  EXPECT_EQ(poll_for({event, POLLIN, 0}), 1);
  EXPECT_FALSE(work.ended);
  other.join();
  close(event);
}

TEST(MainLoopGate, WhoIsAboutToTellSomethingIsHeardOut) {
  machine();
  // It is full: a writer waits until there is a reader.
  const int full = eventfd(0, 0);
  ASSERT_EQ(eventfd_write(full, UINT64_MAX - 1), 0);
  std::atomic<pid_t> writer{0};
  std::thread other([&] {
    writer = gettid();
    tell(full);
  });
  while (writer == 0 || !waits_in_write(writer)) std::this_thread::yield();
  std::atomic<bool> read_it{false};
  std::thread reader([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    read_it = true;
    eventfd_t taken = 0;
    EXPECT_EQ(eventfd_read(full, &taken), 0);
  });
  const int event = eventfd(0, EFD_NONBLOCK);
  EXPECT_EQ(poll_for({event, POLLIN, 0}), 0);
  EXPECT_TRUE(read_it);
  other.join();
  reader.join();
  // The notification was sent while the CPUs waited, so it does not disturb them now that they run.
  std::atomic<bool> ended{false};
  machine().give([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(2 * KMODTEST_POLITENESS));
    ended = true;
  });
  EXPECT_EQ(poll_for({event, POLLIN, 0}), 0);
  EXPECT_TRUE(ended);
  close(event);
  close(full);
}

TEST(MainLoopGate, WhatAnotherThreadWantsMayTakeSomeRounds) {
  const int event = eventfd(0, EFD_NONBLOCK);
  const Endless work;
  std::thread other([event] { tell(event); });
  other.join();
  // It stays readable, as if the main loop notifies itself.
  for (int round = 0; round < 5; ++round) EXPECT_EQ(poll_for({event, POLLIN, 0}), 1);
  EXPECT_FALSE(work.ended);
  close(event);
}

TEST(MainLoopGate, AFileFromOutsideGetsTheMainLoopAtOnce) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const Endless work;
  std::thread other([&ends] { EXPECT_EQ(write(ends[1], "x", 1), 1); });
  EXPECT_EQ(poll_for({ends[0], POLLIN, 0}), 1);
  EXPECT_FALSE(work.ended);
  other.join();
  close(ends[0]);
  close(ends[1]);
}

TEST(MainLoopGate, WhoeverHoldsTheLockIsNotHeldUp) {
  const int event = eventfd(0, EFD_NONBLOCK);
  const Endless work;
  pthread_mutex_lock(&machine().lock);
  EXPECT_EQ(poll_for({event, POLLIN, 0}), 0) << "the CPUs' thread may need the lock to come to its end";
  pthread_mutex_unlock(&machine().lock);
  EXPECT_FALSE(work.ended);
  close(event);
}

TEST(Rest, AGuestThatWantsToRestIsHeldInItsReadOfTheClock) {
  shared()->clear();
  std::atomic<bool> came_back{false};
  machine().give([&] {
    shared()->set_rest(wire::Rest::wanted);
    read_clock();
    came_back = true;
  });
  while (shared()->rest() != wire::Rest::held) std::this_thread::yield();
  EXPECT_FALSE(came_back);
  shared()->end_rest();
  while (!came_back) std::this_thread::yield();
  EXPECT_EQ(shared()->rest(), wire::Rest::none);
}

TEST(Rest, AnyOtherReadOfTheClockComesBackAtOnce) {
  shared()->clear();
  std::atomic<bool> came_back{false};
  machine().give([&] {
    read_clock();
    came_back = true;
  });
  while (!came_back) std::this_thread::yield();
  shared()->set_rest(wire::Rest::wanted);
  read_clock();  // by a thread that is not the CPU thread
  EXPECT_EQ(shared()->rest(), wire::Rest::wanted);
  shared()->clear();
}

TEST(MainLoopGate, OtherThreadsPollAsTheyLike) {
  const int event = eventfd(0, EFD_NONBLOCK);
  const Endless work;
  std::thread other([event] { EXPECT_EQ(poll_for({event, POLLIN, 0}), 0); });
  other.join();
  EXPECT_FALSE(work.ended);
  close(event);
}

}  // namespace
