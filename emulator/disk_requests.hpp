// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <pthread.h>

/// Disks of a guest under virtual time. QEMU completes their requests from its main loop, when a thread has read or
/// written the host's file: at a moment that depends on the host, and in an order that does, too. Here the CPU that
/// makes a request waits until it is completed. No time passes in the guest meanwhile, so a disk answers at once.
namespace kmodtest::emulator {

/// QEMU's thread that reads and writes files. There is one (thread-pool-max=1), so requests are done in their order.
/// Source: QEMU 10.0, util/thread-pool.c: the thread waits for requests by pthread_cond_timedwait while it has none.
class FileThread {
 public:
  using Wait = int (*)(pthread_cond_t *, pthread_mutex_t *, const timespec *);
  using Signal = int (*)(pthread_cond_t *);

  /// Waits as the thread asks, and notes that it has nothing to do.
  int wait(pthread_cond_t *request, pthread_mutex_t *lock, const timespec *until, Wait next);

  /// Returns whether the thread waits for requests by this condition.
  bool serves(const pthread_cond_t *condition) const { return condition == request_; }

  /// Tells the thread of a request that is in its list, and returns when all requests in it are done.
  int finish(pthread_cond_t *request, Signal next);

 private:
  std::atomic<pthread_cond_t *> request_{nullptr};
  std::atomic<pthread_mutex_t *> lock_{nullptr};
  std::atomic<std::uint32_t> waits_{0};  // how often it has begun to wait
};

/// What DiskWork uses of QEMU.
struct DiskFunctions {
  using TakeLock = void (*)(void *lock, const char *file, int line);
  void *(*loop)();                           ///< the main loop's work
  bool (*poll)(void *loop, bool waits);      ///< does a part of it; returns whether there was any
  void (*lock)(const char *file, int line);  ///< takes QEMU's big lock by `take_lock`, and notes who has it
  void (*unlock)();                          ///< notes that nobody has it, then releases it
  std::atomic<TakeLock> *take_lock;
};

/// Returns false if QEMU lacks one of them.
bool find_disk_functions(DiskFunctions &functions);

/// QEMU's work for disks that the CPUs' thread has begun. That thread does all of it before it releases QEMU's big
/// lock. Source: QEMU 10.0, system/cpus.c (bql_unlock), util/aio-posix.c.
class DiskWork {
 public:
  /// Takes the place of QEMU's function that takes the big lock. Before that, add() does nothing.
  void begin(const DiskFunctions &functions);

  /// Call on the CPUs' thread when something is left to do.
  void add() { left_ = functions_.poll != nullptr; }

  /// Does the work. Call on the CPUs' thread before it waits and releases the lock, which it counts as holding.
  void finish();

  /// Does the work. Call on the CPUs' thread when it releases the lock, but does not count as holding it any more.
  /// Returns false if the lock must not be released, because this is such work.
  bool finish_and_release();

 private:
  void do_all();

  DiskFunctions functions_{};
  bool left_ = false;
};

}  // namespace kmodtest::emulator
