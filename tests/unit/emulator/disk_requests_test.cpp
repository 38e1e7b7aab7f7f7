// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulator/disk_requests.hpp"

#include <array>
#include <ctime>
#include <gtest/gtest.h>
#include <pthread.h>
#include <string>
#include <thread>
#include <vector>

#include "emulator/unsaved_device.hpp"

namespace kmodtest::emulator {
namespace {

/// Requests to a thread that reads and writes files. As QEMU's, it takes them from a list, and waits if that is empty.
class Requests {
 public:
  explicit Requests(FileThread &thread) : watched_(thread), thread_([this] { serve(); }) { wait_until_idle(); }
  ~Requests() {
    add(kEnd);
    watched_.finish(&request_, pthread_cond_signal);
    thread_.join();
  }

  void add(int number) {
    pthread_mutex_lock(&lock_);
    list_.push_back(number);
    pthread_mutex_unlock(&lock_);
  }
  /// Adds a request and returns when it is done.
  void finish(int number) {
    add(number);
    watched_.finish(&request_, pthread_cond_signal);
  }
  std::vector<int> done() const { return done_; }

  pthread_cond_t request_ = PTHREAD_COND_INITIALIZER;

 private:
  static constexpr int kEnd = -1;

  void wait_until_idle() const {
    while (!watched_.serves(&request_)) std::this_thread::yield();
  }
  void serve() {
    pthread_mutex_lock(&lock_);
    for (bool ends = false; !ends;) {
      if (list_.empty()) {
        timespec until{};
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec = 0;
        ++until.tv_sec;
        watched_.wait(&request_, &lock_, &until, pthread_cond_timedwait);
        continue;
      }
      const int number = list_.front();
      list_.erase(list_.begin());
      pthread_mutex_unlock(&lock_);
      if (number != kEnd) done_.push_back(number);
      ends = number == kEnd;
      pthread_mutex_lock(&lock_);
    }
    // So that the request to end is finished, too.
    const timespec past{};
    watched_.wait(&request_, &lock_, &past, pthread_cond_timedwait);
    pthread_mutex_unlock(&lock_);
  }

  FileThread &watched_;
  pthread_mutex_t lock_ = PTHREAD_MUTEX_INITIALIZER;
  std::vector<int> list_;
  std::vector<int> done_;  // the controlling thread reads it when no request is in the list
  std::thread thread_;
};

TEST(FileThread, IsWaitedForByWhoeverMakesARequest) {
  FileThread thread;
  Requests requests(thread);
  for (int number = 0; number < 2'000; ++number) {
    requests.finish(number);
    ASSERT_EQ(requests.done().size(), static_cast<std::size_t>(number) + 1);
    ASSERT_EQ(requests.done().back(), number);
  }
}

TEST(FileThread, HasDoneAllOfSeveralRequests) {
  FileThread thread;
  Requests requests(thread);
  for (int number = 0; number < 3'000; number += 3) {
    requests.add(number);
    requests.add(number + 1);
    requests.finish(number + 2);
    ASSERT_EQ(requests.done().size(), static_cast<std::size_t>(number) + 3);
  }
}

TEST(FileThread, IsKnownByItsCondition) {
  FileThread thread;
  const Requests requests(thread);
  pthread_cond_t other = PTHREAD_COND_INITIALIZER;
  EXPECT_TRUE(thread.serves(&requests.request_));
  EXPECT_FALSE(thread.serves(&other));
}

/// What QEMU does, in order: p polls, l takes and u releases the big lock, n only changes who counts as its holder.
std::string calls;
int work = 0;
bool held = true;  // as QEMU counts
std::atomic<DiskFunctions::TakeLock> taker;
DiskWork *worker = nullptr;

DiskFunctions functions() {
  work = 0;
  held = true;
  calls.clear();
  taker = [](void *, const char *, int) { calls += 'l'; };
  return {.loop = []() -> void * { return nullptr; },
          .poll =
              [](void *, bool) {
                EXPECT_TRUE(held);
                calls += 'p';
                return work-- > 0;
              },
          .lock =
              [](const char *, int) {
                taker.load()(nullptr, "", 0);
                held = true;
                calls += 'n';
              },
          .unlock =
              [] {
                held = false;
                if (worker->finish_and_release()) calls += 'u';
              },
          .take_lock = &taker};
}

TEST(DiskWork, IsFinishedBeforeTheLockIsReleased) {
  DiskWork disk;
  worker = &disk;
  const DiskFunctions qemu = functions();
  disk.begin(qemu);
  disk.add();
  work = 2;
  qemu.unlock();
  EXPECT_EQ(calls, "npppu");
  EXPECT_FALSE(held);
}

TEST(DiskWork, IsFinishedBeforeTheThreadWaits) {
  DiskWork disk;
  worker = &disk;
  disk.begin(functions());
  disk.add();
  work = 1;
  disk.finish();
  disk.finish();
  EXPECT_EQ(calls, "pp");
}

TEST(DiskWork, DoesNothingWhereNothingIsLeft) {
  DiskWork disk;
  worker = &disk;
  const DiskFunctions qemu = functions();
  disk.add();  // before it knows QEMU
  disk.begin(qemu);
  qemu.unlock();
  EXPECT_EQ(calls, "u");
  qemu.lock("", 0);
  EXPECT_EQ(calls, "uln");
}

TEST(UnsavedDevice, IsSavedWithoutRegisters) {
  alignas(4096) static std::array<StateDescription, 2> tables{};
  const StateField none{};
  StateDescription &nvme = tables[0];
  nvme.name = "nvme";
  nvme.unmigratable = true;
  EXPECT_TRUE(save_without_registers(nvme, "nvme", &none));
  EXPECT_FALSE(nvme.unmigratable);
  EXPECT_EQ(nvme.fields, &none);
  EXPECT_FALSE(save_without_registers(nvme, "nvme", &none)) << "it is done already";
  tables[1].name = "another";
  tables[1].unmigratable = true;
  EXPECT_FALSE(save_without_registers(tables[1], "nvme", &none));
}

}  // namespace
}  // namespace kmodtest::emulator
